/* Where the largest number is. */
#ifndef GLI_KERNELS_REDUCE_ARGMAX_LAUNCH_H
#define GLI_KERNELS_REDUCE_ARGMAX_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x: [outer,length,inner] of a float dtype, y: [outer,inner], dense. y = the first place of the maximum along the
 * middle; NaN counts as the maximum. */
cudaError_t gli_kernel_argmax(glia_dtype dtype, int outer, int length, int inner, const void *x, int64_t *y,
                              cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
