/* Which classes are taken for which, over the batches of an epoch. */
#ifndef GLI_KERNELS_METRIC_CONFUSION_MATRIX_LAUNCH_H
#define GLI_KERNELS_METRIC_CONFUSION_MATRIX_LAUNCH_H

#include <cuda_runtime_api.h>

#include "kernels/device/indices.h"
#include "ops/metric/confusion_matrix_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_confusion_matrix_arrays {
    glia_dtype dtype;
    const void *prediction; /* [n,classes], dense */
    gli_indices target;
    unsigned long long *slot; /* where classes that are out of range are noted; see kernels/device/index_check.cuh */
    const int64_t *matrix;
    int64_t *new_matrix; /* may be matrix */
} gli_confusion_matrix_arrays;

/* new_matrix = matrix with 1 added at [target[i], argmax prediction[i]] for each i. */
cudaError_t gli_kernel_confusion_matrix(const gli_confusion_matrix_geom *geom,
                                        const gli_confusion_matrix_arrays *arrays, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
