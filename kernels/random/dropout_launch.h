/* Dropout. */
#ifndef GLI_KERNELS_RANDOM_DROPOUT_LAUNCH_H
#define GLI_KERNELS_RANDOM_DROPOUT_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/random/dropout_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[i] = number i of the geometry's stream is not below its threshold ? scale x[i] : 0, over dense arrays. step: in
 * device memory, of which the low 32 bits count; NULL: 0. y may be x. */
cudaError_t gli_kernel_dropout(const gli_dropout_geom *geom, glia_dtype dtype, const void *x, const int64_t *step,
                               void *y, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
