/* How many predictions are right, over the batches of an epoch. */
#ifndef GLI_KERNELS_METRIC_ACCURACY_LAUNCH_H
#define GLI_KERNELS_METRIC_ACCURACY_LAUNCH_H

#include <cuda_runtime_api.h>

#include "kernels/device/indices.h"
#include "ops/metric/accuracy_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_ACCURACY_WORKSPACE = 8 * 1024 }; /* bytes */

/* Floats are dense and of one dtype. */
typedef struct gli_accuracy_arrays {
    glia_dtype dtype;
    const void *prediction;
    const void *scores; /* the target, as prediction; NULL: it has indices */
    gli_indices target;
    unsigned long long *slot; /* where classes that are out of range are noted; see kernels/device/index_check.cuh */
    const double *counts;
    double *new_counts; /* may be counts */
    void *workspace;
} gli_accuracy_arrays;

/* new_counts = counts + {items that are right, items}, as glia/ops/metric.h defines them. */
cudaError_t gli_kernel_accuracy(const gli_accuracy_geom *geom, const gli_accuracy_arrays *arrays, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
