/* Checks that many contracts share. */
#ifndef GLI_OPS_CHECK_H
#define GLI_OPS_CHECK_H

#include "core/dtype.h"
#include "core/provider.h"
#include "glia/ops/common.h"

/* Every input that is present is a float, and all have one dtype. */
glia_status gli_check_floats(const gli_resolution *r);

/* A bit set of axes, as of GLIA_AXIS, of a tensor with ndim dimensions: bit i of *out is axis i. 0 gives 0. */
glia_status gli_check_axes(const gli_resolution *r, unsigned axes, int ndim, unsigned *out);

/* The tensor as [outer, length, inner] with the axis in the middle. Sizes of an empty tensor are cut to 2^31-1. */
void gli_split_at(const glia_tensor *tensor, int axis, int *outer, int *length, int *inner);

/* A shape from params has less than 2^31 elements. */
glia_status gli_check_count(const gli_resolution *r, const glia_tensor *shape, const char *name);

/* Input i has ndim dimensions. */
glia_status gli_check_ndim(const gli_resolution *r, int i, int ndim);

/* Input i has exactly this shape. */
glia_status gli_check_shape(const gli_resolution *r, int i, int ndim, const int64_t *dim);
#define gli_check_dims(r, i, ...) \
    gli_check_shape((r), (i), (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

/* The activation is one that ops fuse: its derivative is a function of its result. */
glia_status gli_check_fused(const gli_resolution *r, glia_unary_kind activation);

/* It maps integers to integers. */
bool gli_exact_activation(glia_unary_kind activation);

/* The one axis that the bits name, from 0; fallback, an axis as in GLIA_AXIS, where there are none. */
glia_status gli_check_axis(const gli_resolution *r, unsigned axes, int fallback, int ndim, int *axis);

/* Input i holds indices: i32 or i64. */
glia_status gli_check_index_dtype(const gli_resolution *r, int i);

/* Input i is a scalar of this dtype. */
glia_status gli_check_scalar(const gli_resolution *r, int i, glia_dtype dtype);

#define gli_set_dims(tensor, dtype, ...)                                                        \
    gli_set_shape((tensor), (dtype), (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), \
                  (int64_t[]){__VA_ARGS__})

#endif
