/* Sums of values and of weights, as of the losses of each batch, over an epoch. */
#ifndef GLI_KERNELS_METRIC_ACCUMULATE_LAUNCH_H
#define GLI_KERNELS_METRIC_ACCUMULATE_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ops/metric/accumulate_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_ACCUMULATE_WORKSPACE = 8 * 1024 }; /* bytes */

/* All dense. new_sums may be sums, and new_counters counters. */
typedef struct gli_accumulate_arrays {
    glia_dtype dtype; /* of value */
    const void *value;
    const double *weight; /* NULL: the geometry's */
    const double *sums;
    double *new_sums;
    const int64_t *counters; /* those of the geometry, which it may have none of */
    int64_t *new_counters;   /* NULL: not requested */
    void *workspace;
} gli_accumulate_arrays;

cudaError_t gli_kernel_accumulate(const gli_accumulate_geom *geom, const gli_accumulate_arrays *arrays,
                                  cudaStream_t stream);

/* Whether one block does all of it. */
bool gli_kernel_accumulate_is_small(const gli_accumulate_geom *geom);

#ifdef __cplusplus
}
#endif
#endif
