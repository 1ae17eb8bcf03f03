/* Ops along axes: sums, extremes, softmax. */
#ifndef GLIA_OPS_REDUCE_H
#define GLIA_OPS_REDUCE_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum glia_reduce_kind {
    GLIA_SUM,
    GLIA_MEAN,
    GLIA_MAX,
    GLIA_MIN,
    GLIA_L1, /* sum of |x| */
    GLIA_L2  /* square root of the sum of x^2 */
} glia_reduce_kind;

typedef struct glia_reduce_params {
    glia_reduce_kind kind;
    unsigned axes;  /* GLIA_AXIS bits; 0: all */
    bool keep_dims; /* reduced axes stay, with size 1 */
} glia_reduce_params;

/* y = the sum, mean, ... of x over the axes, for each position on the other axes, whose order is kept.
 * Floats. Over no elements: sum, l1 and l2 give 0, mean NaN, max and min are an error. max and min of a set with a NaN
 * are NaN. */
GLIA_API glia_status glia_reduce(glia_context *ctx, const glia_reduce_params *params, const glia_tensor *x,
                                 glia_tensor *y);

typedef struct glia_reduce_backward_params {
    glia_reduce_params reduce; /* of the forward */
    glia_shape shape;          /* of x; may be left out where x is given */
} glia_reduce_backward_params;

/* dx = dy times the derivative of y by x. dy and y have the shape of the forward's y. Floats.
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

typedef struct glia_argmax_params {
    unsigned axes;  /* one GLIA_AXIS; 0: the last */
    bool keep_dims; /* the axis stays, with size 1 */
} glia_argmax_params;

/* y = where along the axis the maximum of x is: the first, where several are equal; NaN counts as the maximum.
 * x: floats   y: i64, the shape of x without the axis. */
GLIA_API glia_status glia_argmax(glia_context *ctx, const glia_argmax_params *params, const glia_tensor *x,
                                 glia_tensor *y);

typedef struct glia_softmax_params {
    unsigned axes; /* one GLIA_AXIS; 0: the last */
    bool log;
} glia_softmax_params;
typedef glia_softmax_params glia_softmax_backward_params;

/* y = exp(x - m) / sum of exp(x - m) along the axis, m = max x; log: y = x - m - log(sum of exp(x - m)). Where all x
 * are -infinity, y is NaN, as in PyTorch. y has the shape of x and may be x. Floats. */
GLIA_API glia_status glia_softmax(glia_context *ctx, const glia_softmax_params *params, const glia_tensor *x,
                                  glia_tensor *y);

/* dx = y (dy - sum of dy y along the axis); log: dx = dy - exp(y) sum of dy. One shape; dx may be dy. Floats. */
GLIA_API glia_status glia_softmax_backward(glia_context *ctx, const glia_softmax_params *params, const glia_tensor *y,
                                           const glia_tensor *dy, glia_tensor *dx);

#ifdef __cplusplus
}
#endif
#endif
