/* Average pooling of volumes, not adaptive, and its gradient. */
#ifndef GLI_KERNELS_POOL_AVG_POOL3D_LAUNCH_H
#define GLI_KERNELS_POOL_AVG_POOL3D_LAUNCH_H

#include "kernels/pool/pool2d_arrays.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = the mean of each window, over what count_include_pad says; the dilation is 1. */
cudaError_t gli_kernel_avg_pool3d(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays, cudaStream_t stream);

/* dx = the sum of dy / divisor over the windows that contain an element. */
cudaError_t gli_kernel_avg_pool3d_backward(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays,
                                           cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
