/* Activations and their derivatives in place: what follows a product or a convolution. */
#ifndef GLI_CPU_NATIVE_ELEMENTWISE_ACTIVATE_H
#define GLI_CPU_NATIVE_ELEMENTWISE_ACTIVATE_H

#include "core/provider.h"
#include "ops/elementwise/unary_geom.h"

/* Any strides; the kinds of glia_activation that have no parameters. */
void gli_activate_tensor(const glia_context *ctx, glia_unary_kind kind, const glia_tensor *y);

/* dx = kind'(of y) dx, where y is what the kind computed. Sigmoid, tanh and relu; any strides. */
void gli_activate_backward_tensor(const glia_context *ctx, glia_unary_kind kind, const glia_tensor *y,
                                  const glia_tensor *dx);

/* y = f(x) of so many elements, one after the other; y may be x. Of the kinds for which has_floats is true. */
void gli_unary_floats(const gli_unary_geom *g, int64_t count, const float *x, float *y);
bool gli_unary_has_floats(glia_unary_kind kind);

#endif
