/* Whether numbers are finite. */
#ifndef GLI_CPU_NATIVE_FINITE_H
#define GLI_CPU_NATIVE_FINITE_H

#include <stdbool.h>
#include <stdint.h>

#include "glia/context.h"

/* Of `count` floats one after the other; true for none. */
bool gli_all_finite(const glia_context *ctx, const float *x, int64_t count);

#endif
