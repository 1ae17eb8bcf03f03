/* Sums, means, extremes and norms over axes, and their gradients. */
#ifndef GLI_KERNELS_REDUCE_REDUCE_LAUNCH_H
#define GLI_KERNELS_REDUCE_REDUCE_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/reduce.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Some axes of an array, the last one fastest. */
typedef struct gli_reduce_axes {
    int n;
    int size[GLIA_MAX_DIMS];
    int64_t stride[GLIA_MAX_DIMS]; /* in elements */
} gli_reduce_axes;

/* x, through its strides, becomes y, dense over the kept axes. All sizes are positive; the elements of the kept axes,
 * and those of the reduced ones, are at most 2^31-1. */
typedef struct gli_reduce_shape {
    gli_reduce_axes kept, reduced;
    int outputs, set; /* elements of y, and of x for each of them */
} gli_reduce_shape;

/* Bytes of workspace, for either direction. */
size_t gli_kernel_reduce_workspace(glia_dtype dtype, const gli_reduce_shape *shape);
size_t gli_kernel_reduce_backward_workspace(glia_dtype dtype, glia_reduce_kind kind, const gli_reduce_shape *shape);

/* y = kind of each set, as glia_reduce defines it. */
cudaError_t gli_kernel_reduce(glia_dtype dtype, glia_reduce_kind kind, const gli_reduce_shape *shape, const void *x,
                              void *y, void *workspace, cudaStream_t stream);

/* y = the kind of no elements, outputs times. */
cudaError_t gli_kernel_reduce_nothing(glia_dtype dtype, glia_reduce_kind kind, int outputs, void *y,
                                      cudaStream_t stream);

/* dx = dy times the derivative of y with respect to x, as glia_reduce_backward defines it; x and y are read where kind
 * needs them. x and dx are dense, and shape describes them; all are the axes of x, with the strides of y, 0 on the
 * reduced ones. */
cudaError_t gli_kernel_reduce_backward(glia_dtype dtype, glia_reduce_kind kind, const gli_reduce_shape *shape,
                                       const gli_reduce_axes *all, const void *x, const void *y, const void *dy,
                                       void *dx, void *workspace, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
