/* Functions of one element and their derivatives. */
#ifndef GLI_KERNELS_ELEMENTWISE_UNARY_LAUNCH_H
#define GLI_KERNELS_ELEMENTWISE_UNARY_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[i] = kind(x[i]) for `count` elements of a float dtype. y may be x. */
cudaError_t gli_kernel_unary(glia_dtype dtype, glia_unary_kind kind, double alpha, double beta, const void *x, void *y,
                             int count, cudaStream_t stream);

/* dx[i] = kind'(at) dy[i], 0 where the derivative is 0. source is what the derivative is computed from: x, or y where
 * from_y; NULL for a kind whose derivative is a constant. dx may be dy or source. */
cudaError_t gli_kernel_unary_backward(glia_dtype dtype, glia_unary_kind kind, double alpha, double beta, bool from_y,
                                      const void *source, const void *dy, void *dx, int count, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
