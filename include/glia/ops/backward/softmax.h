/* The gradient of softmax. */
#ifndef GLIA_OPS_BACKWARD_SOFTMAX_H
#define GLIA_OPS_BACKWARD_SOFTMAX_H

#include "glia/ops/softmax.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef glia_softmax_params glia_softmax_backward_params;

/* dx = y (dy - sum of dy y along the axis); log: dx = dy - exp(y) sum of dy. One shape; dx may be dy. Floats. */
GLIA_API glia_status glia_softmax_backward(glia_context *ctx, const glia_softmax_params *params, const glia_tensor *y,
                                           const glia_tensor *dy, glia_tensor *dx);

#ifdef __cplusplus
}
#endif
#endif
