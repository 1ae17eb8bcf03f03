/* softmax, its logarithm, and their gradients, over the middle axis of [outer, length, inner]. */
#ifndef GLI_KERNELS_SOFTMAX_SOFTMAX_LAUNCH_H
#define GLI_KERNELS_SOFTMAX_SOFTMAX_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/softmax/softmax_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Dense arrays; all sizes are positive.
 * y = exp(x - m) / sum exp(x - m), m = max x; log: y = x - m - log(sum exp(x - m)). y may be x. */
cudaError_t gli_kernel_softmax(const gli_softmax_geom *geom, glia_dtype dtype, const void *x, void *y,
                               cudaStream_t stream);

/* dx = y (dy - sum dy y); log: dx = dy - exp(y) sum dy. dx may be dy. */
cudaError_t gli_kernel_softmax_backward(const gli_softmax_geom *geom, glia_dtype dtype, const void *y, const void *dy,
                                        void *dx, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
