/* Checks that many contracts share. */
#ifndef GLI_OPS_CHECK_H
#define GLI_OPS_CHECK_H

#include "core/dtype.h"
#include "core/provider.h"
#include "glia/ops/common.h"

/* Every input of data that is present is a float, and all of them have one dtype; wide ones have that, or f32 beside
 * bf16 and f16 (core/op.h). Indices and halves are left to the op. */
glia_status gli_check_floats(const gli_resolution *r);

/* A bit set of axes, as of GLIA_AXIS, of a tensor with ndim dimensions: bit i of *out is axis i. GLIA_ALL_AXES gives
 * all that there are. */
glia_status gli_check_axes(const gli_resolution *r, unsigned axes, int ndim, unsigned *out);

/* The tensor as [outer, length, inner] with the axis in the middle. Sizes of an empty tensor are cut to 2^31-1. */
void gli_split_at(const glia_tensor *tensor, int axis, int *outer, int *length, int *inner);

/* A shape from params has less than 2^31 elements. */
glia_status gli_check_count(const gli_resolution *r, const glia_tensor *shape, const char *name);

/* Finite in f64 for dtype f64, else in f32: so wide a number is where a kernel computes. Infinity times 0 would be NaN.
 */
glia_status gli_check_finite(const gli_resolution *r, const char *name, double value, glia_dtype dtype);

/* low <= value < high, with all three in the message; and finite in the dtype of the first input. */
glia_status gli_check_range(const gli_resolution *r, const char *name, double value, double low, double high);

/* 0 <= epsilon, finite, and not one that the dtype of input 0 makes 0: what is divided by it would not be finite. */
glia_status gli_check_epsilon(const gli_resolution *r, double epsilon);

/* Input i has ndim dimensions. */
glia_status gli_check_ndim(const gli_resolution *r, int i, int ndim);

/* Input i has exactly this shape. */
glia_status gli_check_shape(const gli_resolution *r, int i, int ndim, const int64_t *dim);
#define gli_check_dims(r, i, ...) \
    gli_check_shape((r), (i), (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

/* The activation is one that ops fuse, see gli_fused_activation; *out is its function. */
glia_status gli_check_fused(const gli_resolution *r, glia_activation activation, glia_unary_kind *out);

/* It maps integers to integers. */
bool gli_exact_activation(glia_unary_kind activation);

/* An axis of a tensor with ndim dimensions, negative from the end, as one from 0. */
glia_status gli_check_axis(const gli_resolution *r, int axis, int ndim, int *out);

/* Input i holds indices: i32 or i64. */
glia_status gli_check_index_dtype(const gli_resolution *r, int i);

/* Input i is a scalar of this dtype. */
glia_status gli_check_scalar(const gli_resolution *r, int i, glia_dtype dtype);

#define gli_set_dims(tensor, dtype, ...)                                                        \
    gli_set_shape((tensor), (dtype), (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), \
                  (int64_t[]){__VA_ARGS__})

#endif
