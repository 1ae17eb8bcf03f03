/* Pooling over rows and columns, and its gradients. */
#ifndef GLI_KERNELS_POOL_POOL2D_ARRAYS_H
#define GLI_KERNELS_POOL_POOL2D_ARRAYS_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_pool_shape {
    int n, c, h, w; /* x */
    int p, q;       /* y */
    bool adaptive; /* windows are rows floor(p H / P) .. ceil((p+1) H / P) - 1, columns alike; what follows is unused */
    int r, s;      /* the window */
    int stride_h, stride_w, pad_h, pad_w, pad_h_end, pad_w_end, dilation_h, dilation_w;
    bool count_include_pad;
    int64_t x[4], y[4], indices[4]; /* strides of [N,C,H,W] and [N,C,P,Q] in elements; backward x is dx, y is dy */
} gli_pool_shape;

/* y = the mean of each window, over what count_include_pad says; dilation is 1. */
cudaError_t gli_kernel_avg_pool2d(glia_dtype dtype, const gli_pool_shape *shape, const void *x, void *y,
                                  cudaStream_t stream);

/* dx = the sum of dy / divisor over the windows that hold an element. */
cudaError_t gli_kernel_avg_pool2d_backward(glia_dtype dtype, const gli_pool_shape *shape, const void *dy, void *dx,
                                           cudaStream_t stream);

/* y = the largest element of each window, indices = its row W + column, or NULL. Of equal elements the first counts, of
 * NaN the last; a window without elements gives -infinity and -1. */
cudaError_t gli_kernel_max_pool2d(glia_dtype dtype, const gli_pool_shape *shape, const void *x, void *y, int *indices,
                                  cudaStream_t stream);

/* dx[n,c,i] = the sum of the dy whose index is i; an index outside x adds nothing. Where r is not 0, each index lies in
 * its window. */
cudaError_t gli_kernel_max_pool2d_backward(glia_dtype dtype, const gli_pool_shape *shape, const void *dy,
                                           const int *indices, void *dx, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
