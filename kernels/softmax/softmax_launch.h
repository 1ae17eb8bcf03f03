/* softmax, its logarithm, and their gradients, over the middle axis of [outer, length, inner]. */
#ifndef GLI_KERNELS_SOFTMAX_SOFTMAX_LAUNCH_H
#define GLI_KERNELS_SOFTMAX_SOFTMAX_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/reduce.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_softmax_shape {
    int outer, length, inner; /* all positive */
    bool log;
} gli_softmax_shape;

/* y = exp(x - m) / sum exp(x - m), m = max x; log: y = x - m - log(sum exp(x - m)). y may be x. */
cudaError_t gli_kernel_softmax(glia_dtype dtype, const gli_softmax_shape *shape, const void *x, void *y,
                               cudaStream_t stream);

/* dx = y (dy - sum dy y); log: dx = dy - exp(y) sum dy. dx may be dy. */
cudaError_t gli_kernel_softmax_backward(glia_dtype dtype, const gli_softmax_shape *shape, const void *y, const void *dy,
                                        void *dx, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
