/* Moving elements: no arithmetic, so every data type is allowed, and each element keeps its bits. The
 * gradients are in glia/ops/backward/movement.h. */
#ifndef GLIA_OPS_MOVEMENT_H
#define GLIA_OPS_MOVEMENT_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_reshape_params {
    glia_shape shape; /* one dimension may be -1: what the others leave */
} glia_reshape_params;

/* y is x under another shape with the same number of elements, in row-major order.
 * x: any shape and dtype   y: params->shape, the dtype of x. Source: PyTorch's reshape. */
GLIA_API glia_status glia_reshape(glia_context *ctx, const glia_reshape_params *params, const glia_tensor *x,
                                  glia_tensor *y);

/* reshape of x [N, ...] to [N, the product of the rest]. */
GLIA_API glia_status glia_flatten(glia_context *ctx, const glia_tensor *x, glia_tensor *y);

typedef struct glia_transpose_params {
    int permutation[GLIA_MAX_DIMS]; /* dimension i of y is dimension permutation[i] of x; negative: from the end */
} glia_transpose_params;

/* The dimensions in reverse order, whatever their number: permutation[i] = -1 - i. */
GLIA_API glia_transpose_params glia_transpose_defaults(void);

/* y[i0, i1, ...] = x[j0, j1, ...] with j[permutation[k]] = i[k].
 * x: any shape and dtype   y: the permuted shape. Source: PyTorch's permute, ONNX Transpose. */
GLIA_API glia_status glia_transpose(glia_context *ctx, const glia_transpose_params *params, const glia_tensor *x,
                                    glia_tensor *y);

typedef struct glia_concat_params {
    int axis; /* negative: from the end */
} glia_concat_params;

/* y is x[0], x[1], ..., x[n-1], one after the other along the axis; n is 1 to 32.
 * x: all of one dtype, the same shape but for the axis. Source: PyTorch's cat, ONNX Concat. */
GLIA_API glia_status glia_concat(glia_context *ctx, const glia_concat_params *params, const glia_tensor *const *x,
                                 int n, glia_tensor *y);

enum { GLIA_END = 2147483647 }; /* a stop that is past every end */

typedef struct glia_slice_params {
    int start[GLIA_MAX_DIMS]; /* negative: from the end */
    int stop[GLIA_MAX_DIMS];  /* one past the last; negative: from the end */
    int step[GLIA_MAX_DIMS];  /* positive */
} glia_slice_params;

/* All of x: start 0, stop GLIA_END, step 1 in each dimension. Dimensions that x does not have keep these numbers. */
GLIA_API glia_slice_params glia_slice_defaults(void);

/* y[i0, i1, ...] = x[start0 + i0 step0, start1 + i1 step1, ...]. Starts and stops past the ends are moved to the ends,
 * and a stop at or before its start gives an empty y, as in Python.
 * x: any shape and dtype   y: dimension i is ceil((stop[i] - start[i]) / step[i]). */
GLIA_API glia_status glia_slice(glia_context *ctx, const glia_slice_params *params, const glia_tensor *x,
                                glia_tensor *y);

typedef struct glia_split_params {
    int axis; /* negative: from the end */
} glia_split_params;

/* The inverse of concat: y[0], y[1], ..., y[n-1] are the parts of x along the axis, each as long as its tensor; the
 * lengths add up to that of x. n calls of slice. */
GLIA_API glia_status glia_split(glia_context *ctx, const glia_split_params *params, const glia_tensor *x,
                                glia_tensor *const *y, int n);

typedef struct glia_pad_params {
    int before[GLIA_MAX_DIMS], after[GLIA_MAX_DIMS]; /* elements added at each dimension's ends; not negative */
    double value;                                    /* what they hold; converted as by glia_tensor_fill */
} glia_pad_params;

/* y[i0, i1, ...] = x[i0 - before0, i1 - before1, ...], and value outside of x.
 * x: any shape and dtype   y: dimension i is before[i] + that of x + after[i]. Source: PyTorch's pad, ONNX Pad. */
GLIA_API glia_status glia_pad(glia_context *ctx, const glia_pad_params *params, const glia_tensor *x, glia_tensor *y);

typedef struct glia_expand_params {
    glia_shape shape; /* -1: as x has it */
} glia_expand_params;

/* Repeats x along its dimensions of size 1, and along new ones in front, by NumPy's rule of broadcasting.
 * x: any shape and dtype   y: params->shape. Source: PyTorch's expand. */
GLIA_API glia_status glia_expand(glia_context *ctx, const glia_expand_params *params, const glia_tensor *x,
                                 glia_tensor *y);

typedef struct glia_gather_params {
    int axis;              /* negative: from the end */
    int64_t padding_index; /* with has_padding: elements of this index get no gradient */
    bool has_padding;
} glia_gather_params;

/* y[a..., i..., b...] = x[a..., indices[i...], b...], where a are the dimensions of x before the axis, b those after
 * it. An index counts from 0; a negative one from the end. An index outside of -size .. size-1 makes the call return
 * GLIA_INVALID_ARGUMENT with the index in the message; y is then unspecified.
 * x: any dtype   indices: i32 or i64, any shape   y: x with the axis replaced by the shape of indices.
 * Source: NumPy's take, ONNX Gather, PyTorch's embedding (padding_index). */
GLIA_API glia_status glia_gather(glia_context *ctx, const glia_gather_params *params, const glia_tensor *x,
                                 const glia_tensor *indices, glia_tensor *y);

/* gather along the first axis: weight [V,D], indices [...] -> y [...,D]. */
GLIA_API glia_status glia_embedding(glia_context *ctx, const glia_gather_params *params, const glia_tensor *weight,
                                    const glia_tensor *indices, glia_tensor *y);

typedef struct glia_one_hot_params {
    int classes; /* at least 1 */
    glia_dtype dtype;
    double on, off; /* converted as by glia_tensor_fill */
} glia_one_hot_params;

/* f32, on 1, off 0; classes has to be set. */
GLIA_API glia_one_hot_params glia_one_hot_defaults(void);

/* y[i..., c] = indices[i...] == c ? on : off; a negative index counts from the end. An index outside of
 * -classes .. classes-1 gives a row of off.
 * indices: i32 or i64, any shape   y: that shape and [classes]. Source: ONNX OneHot. */
GLIA_API glia_status glia_one_hot(glia_context *ctx, const glia_one_hot_params *params, const glia_tensor *indices,
                                  glia_tensor *y);

typedef struct glia_cast_params {
    glia_dtype dtype;
} glia_cast_params;

/* y = x in another data type: floats round to nearest even, integers are truncated and clamped to their range, NaN
 * becomes 0 in them. With the dtype of x it is a copy, also between layouts.
 * x: any shape and dtype   y: the shape of x, params->dtype. */
GLIA_API glia_status glia_cast(glia_context *ctx, const glia_cast_params *params, const glia_tensor *x, glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
