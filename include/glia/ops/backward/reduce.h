/* The gradient of a reduction. */
#ifndef GLIA_OPS_BACKWARD_REDUCE_H
#define GLIA_OPS_BACKWARD_REDUCE_H

#include "glia/ops/reduce.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_reduce_backward_params {
    glia_reduce_params reduce; /* of the forward call */
    glia_shape shape;          /* of x; may be left out where x is given */
} glia_reduce_backward_params;

/* dx = dy times the derivative of y with respect to x. dy and y have the shape of the forward call's y. Floats.
 *   sum   dy                                     neither x nor y is needed
 *   mean  dy / count                             neither
 *   max   dy / ties where x = y, 0 elsewhere     both; ties: how many x of the set equal y, as in PyTorch's amax
 *   min   likewise                               both
 *   l1    dy sign(x), with sign(0) = 0           x
 *   l2    dy x / y, 0 where y = 0                both
 * What is not needed may be NULL. */
GLIA_API glia_status glia_reduce_backward(glia_context *ctx, const glia_reduce_backward_params *params,
                                          const glia_tensor *x, const glia_tensor *y, const glia_tensor *dy,
                                          glia_tensor *dx);

#ifdef __cplusplus
}
#endif
#endif
