/* Max pooling of volumes, not adaptive, and its gradient. */
#ifndef GLI_KERNELS_POOL_MAX_POOL3D_LAUNCH_H
#define GLI_KERNELS_POOL_MAX_POOL3D_LAUNCH_H

#include "kernels/pool/pool2d_arrays.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = the largest element of each window, indices = its (slice H + row) W + column, as gli_kernel_max_pool2d. */
cudaError_t gli_kernel_max_pool3d(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays, cudaStream_t stream);

/* dx[n,c,i] = the sum of the dy whose index is i. Each index is in its window. */
cudaError_t gli_kernel_max_pool3d_backward(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays,
                                           cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
