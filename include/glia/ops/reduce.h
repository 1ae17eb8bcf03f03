/* Sums, extremes and norms over axes. The gradients are in glia/ops/backward/reduce.h. */
#ifndef GLIA_OPS_REDUCE_H
#define GLIA_OPS_REDUCE_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum glia_reduce_kind {
    GLIA_REDUCE_SUM,
    GLIA_REDUCE_MEAN,
    GLIA_REDUCE_MAX,
    GLIA_REDUCE_MIN,
    GLIA_REDUCE_L1, /* sum of |x| */
    GLIA_REDUCE_L2  /* square root of the sum of x^2 */
} glia_reduce_kind;

typedef struct glia_reduce_params {
    glia_reduce_kind kind;
    unsigned axes;  /* GLIA_AXIS bits, or GLIA_ALL_AXES; 0: none, each element is reduced on its own */
    bool keep_dims; /* reduced axes stay, with size 1 */
} glia_reduce_params;

/* The sum over all axes. */
GLIA_API glia_reduce_params glia_reduce_defaults(void);

/* y = the sum, mean, ... of x over the axes, for each index on the other axes, whose order is kept.
 * Floats. Over no elements: sum, l1 and l2 give 0, mean NaN, max and min are an error. max and min of a set with a NaN
 * are NaN. */
GLIA_API glia_status glia_reduce(glia_context *ctx, const glia_reduce_params *params, const glia_tensor *x,
                                 glia_tensor *y);

typedef struct glia_argmax_params {
    int axis;       /* negative: from the end */
    bool keep_dims; /* the axis stays, with size 1 */
} glia_argmax_params;

/* The last axis, which does not stay. */
GLIA_API glia_argmax_params glia_argmax_defaults(void);

/* y = the index of the maximum of x along the axis: the first, where several are equal; NaN counts as the maximum.
 * x: floats   y: i64, the shape of x without the axis. */
GLIA_API glia_status glia_argmax(glia_context *ctx, const glia_argmax_params *params, const glia_tensor *x,
                                 glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
