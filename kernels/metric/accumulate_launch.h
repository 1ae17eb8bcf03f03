/* Weighted sums of one number, as the loss of each batch, over an epoch. */
#ifndef GLI_KERNELS_METRIC_ACCUMULATE_LAUNCH_H
#define GLI_KERNELS_METRIC_ACCUMULATE_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/metric/accumulate_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* new_sums = sums + {value weight, weight}; value is of the dtype. new_sums may be sums. */
cudaError_t gli_kernel_accumulate(const gli_accumulate_geom *geom, glia_dtype dtype, const void *value,
                                  const double *sums, double *new_sums, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
