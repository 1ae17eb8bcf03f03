/* Whether all numbers of f32 are finite; true for none. */
#ifndef GLI_CPU_NATIVE_FINITE_H
#define GLI_CPU_NATIVE_FINITE_H

#include "core/provider.h"

/* Of `count` numbers one after the other. */
bool gli_all_finite(const glia_context *ctx, const float *x, int64_t count);

/* Of any strides. */
bool gli_tensor_finite(const glia_context *ctx, const glia_tensor *x);

#endif
