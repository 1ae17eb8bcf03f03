/* Running sums. */
#ifndef GLI_KERNELS_REDUCE_CUMSUM_LAUNCH_H
#define GLI_KERNELS_REDUCE_CUMSUM_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/reduce/cumsum_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = the running sums of x, dense arrays of a float dtype. */
cudaError_t gli_kernel_cumsum(const gli_cumsum_geom *geom, glia_dtype dtype, const void *x, void *y,
                              cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
