/* Max pooling, adaptive or not, and its gradient. */
#ifndef GLI_KERNELS_POOL_MAX_POOL2D_LAUNCH_H
#define GLI_KERNELS_POOL_MAX_POOL2D_LAUNCH_H

#include "kernels/pool/pool2d_arrays.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = the largest element of each window, indices = its row W + column. Of equal elements the first counts, of NaN the
 * last; a window without elements gives -infinity and -1. With the geometry's relu, a y of at most 0 gives 0 and -1. */
cudaError_t gli_kernel_max_pool2d(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays, cudaStream_t stream);

/* dx[n,c,i] = the sum of the dy whose index is i; an index outside x adds nothing. Where the geometry's r is not 0,
 * each index is in its window. */
cudaError_t gli_kernel_max_pool2d_backward(const gli_pool_geom *geom, const gli_pool2d_arrays *arrays,
                                           cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
