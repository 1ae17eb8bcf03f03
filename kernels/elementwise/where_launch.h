/* Of two arrays the element that a condition chooses. */
#ifndef GLI_KERNELS_ELEMENTWISE_WHERE_LAUNCH_H
#define GLI_KERNELS_ELEMENTWISE_WHERE_LAUNCH_H

#include <cuda_runtime_api.h>

#include "kernels/device/broadcast.h"
#include "ops/elementwise/where_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y is a where *condition is not 0, otherwise b: the geometry's count of elements of a float dtype. y may be a. */
cudaError_t gli_kernel_where_whole(const gli_where_geom *geom, glia_dtype dtype, const int64_t *condition,
                                   const void *a, const void *b, void *y, cudaStream_t stream);

/* y is a where the condition is not 0, otherwise b, element by element, all of one float dtype. Arrays of the axes: y,
 * condition, a, b. y may be a, if it has the same strides. */
cudaError_t gli_kernel_where(glia_dtype dtype, const gli_axes *axes, const void *condition, const void *a,
                             const void *b, void *y, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
