/* The index of the maximum. */
#ifndef GLI_KERNELS_REDUCE_ARGMAX_LAUNCH_H
#define GLI_KERNELS_REDUCE_ARGMAX_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/reduce/argmax_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = the first index of the maximum along the middle of x [outer,length,inner]; NaN counts as the maximum. x: of a
 * float dtype; both dense. */
cudaError_t gli_kernel_argmax(const gli_argmax_geom *geom, glia_dtype dtype, const void *x, int64_t *y,
                              cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
