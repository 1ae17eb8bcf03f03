/* One array or another. */
#ifndef GLI_KERNELS_ELEMENTWISE_SELECT_LAUNCH_H
#define GLI_KERNELS_ELEMENTWISE_SELECT_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/elementwise/select_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y is a where *condition is not 0, otherwise b: the geometry's count of elements of a float dtype. y may be a. */
cudaError_t gli_kernel_select(const gli_select_geom *geom, glia_dtype dtype, const int64_t *condition, const void *a,
                              const void *b, void *y, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
