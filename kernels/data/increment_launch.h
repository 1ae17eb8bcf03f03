/* Counters of a training step. */
#ifndef GLI_KERNELS_DATA_INCREMENT_LAUNCH_H
#define GLI_KERNELS_DATA_INCREMENT_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/data/increment_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[i] = x[i] + by[i] for i < count. y may be x. */
cudaError_t gli_kernel_increment(const gli_increment_geom *geom, const int64_t *x, int64_t *y, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
