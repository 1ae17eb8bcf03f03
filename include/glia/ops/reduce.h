/* Sums, extremes and norms over axes, running sums, and the largest elements. The gradients are in
 * glia/ops/backward/reduce.h. */
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

typedef struct glia_cumsum_params {
    int axis;       /* negative: from the end */
    bool exclusive; /* without the element itself: the first sum is 0 */
    bool reverse;   /* from the last element on */
} glia_cumsum_params;

/* Along the last axis. */
GLIA_API glia_cumsum_params glia_cumsum_defaults(void);

/* y = the sum of the elements of x up to each along the axis. x, y: floats of one shape. Source: PyTorch's cumsum, ONNX
 * CumSum. */
GLIA_API glia_status glia_cumsum(glia_context *ctx, const glia_cumsum_params *params, const glia_tensor *x,
                                 glia_tensor *y);

typedef struct glia_topk_params {
    int axis; /* negative: from the end */
    int k;    /* 1 to the size of the axis */
    bool smallest;
} glia_topk_params;

/* The one largest along the last axis. */
GLIA_API glia_topk_params glia_topk_defaults(void);

/* y = the k largest elements of x along the axis, the largest first, or the smallest, the smallest first. Of equal ones
 * the one of the lower index comes first. NaN counts as larger than everything else.
 * x: floats   y: the shape of x with k elements along the axis   indices: i64, theirs along the axis, or NULL
 * positions: i64, theirs in x in row-major order, or NULL. Source: PyTorch's topk, ONNX TopK. */
GLIA_API glia_status glia_topk(glia_context *ctx, const glia_topk_params *params, const glia_tensor *x, glia_tensor *y,
                               glia_tensor *indices, glia_tensor *positions);

#ifdef __cplusplus
}
#endif
#endif
