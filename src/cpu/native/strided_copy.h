/* Copying strided tensors at the speed of memory: layouts, slices, transpositions, broadcasts. */
#ifndef GLI_CPU_NATIVE_STRIDED_COPY_H
#define GLI_CPU_NATIVE_STRIDED_COPY_H

#include "core/provider.h"

/* One array seen through strides, in elements; a stride of the source may be 0. */
typedef struct gli_copy {
    size_t size; /* bytes of an element: 1, 2, 4 or 8 */
    int ndim;
    int64_t dim[GLIA_MAX_DIMS];
    int64_t to_stride[GLIA_MAX_DIMS], from_stride[GLIA_MAX_DIMS];
    void *to;
    const void *from;
} gli_copy;

/* The two memories do not overlap. */
void gli_copy_run(const glia_context *ctx, const gli_copy *copy);

/* All of x to all of y, tensors of one shape and dtype. */
void gli_copy_tensor(const glia_context *ctx, const glia_tensor *x, const glia_tensor *y);

/* Every element of y becomes value, converted to its dtype. */
void gli_copy_fill(const glia_context *ctx, const glia_tensor *y, double value);

#endif
