/* Arrays of random numbers. */
#ifndef GLI_KERNELS_RANDOM_RANDOM_FILL_LAUNCH_H
#define GLI_KERNELS_RANDOM_RANDOM_FILL_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/random/random_fill_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[i] = offset + scale u or offset + scale z, in double as glia/ops/random.h defines them, and rounded once. y is
 * dense. */
cudaError_t gli_kernel_random_fill(const gli_random_fill_geom *geom, glia_dtype dtype, void *y, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
