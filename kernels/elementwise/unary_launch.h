/* Functions of one element and their derivatives. */
#ifndef GLI_KERNELS_ELEMENTWISE_UNARY_LAUNCH_H
#define GLI_KERNELS_ELEMENTWISE_UNARY_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/elementwise/unary_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[i] = f(x[i]), f the geometry's function, for its count of elements of a float dtype. y may be x. */
cudaError_t gli_kernel_unary(const gli_unary_geom *geom, glia_dtype dtype, const void *x, void *y, cudaStream_t stream);

/* dx[i] = f'(x[i]) dy[i], 0 where the derivative is 0. source: what the derivative is computed from, x or y as the
 * geometry says; NULL where it is a constant. dx may be dy or source. */
cudaError_t gli_kernel_unary_backward(const gli_unary_geom *geom, glia_dtype dtype, const void *source, const void *dy,
                                      void *dx, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
