/* What is counted over the batches of an epoch. Predictions are dense arrays of floats of one dtype; item i of n *
 * inner has class c at element (i / inner * classes + c) * inner + i % inner. */
#ifndef GLI_KERNELS_METRIC_ACCURACY_LAUNCH_H
#define GLI_KERNELS_METRIC_ACCURACY_LAUNCH_H

#include <cuda_runtime_api.h>

#include "kernels/device/indices.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_ACCURACY_WORKSPACE = 8 * 1024 }; /* bytes */

typedef struct gli_accuracy_args {
    glia_dtype dtype;
    int n, classes, inner, k;
    bool binary; /* n items without classes */
    bool ignore;
    int64_t ignore_index;
    double threshold; /* of binary */
    const void *prediction;
    const void *scores; /* the target, as prediction; NULL: it has indices */
    gli_indices target;
    unsigned long long *bad; /* where classes that are out of range are noted; see kernels/device/index_check.cuh */
    const double *counts;
    double *new_counts; /* may be counts */
    void *workspace;
} gli_accuracy_args;

/* new_counts = counts + {items that are right, items}, as glia/ops/metric.h says. */
cudaError_t gli_kernel_accuracy(const gli_accuracy_args *args, cudaStream_t stream);

typedef struct gli_confusion_args {
    glia_dtype dtype;
    int n, classes;
    bool ignore;
    int64_t ignore_index;
    const void *prediction;
    gli_indices target;
    unsigned long long *bad;
    const int64_t *matrix;
    int64_t *new_matrix; /* may be matrix */
} gli_confusion_args;

/* new_matrix = matrix with 1 added at [target[i], the first largest of prediction[i]] for each i. */
cudaError_t gli_kernel_confusion_matrix(const gli_confusion_args *args, cudaStream_t stream);

/* new_sums = sums + {value weight, weight}; value has the dtype. new_sums may be sums. */
cudaError_t gli_kernel_accumulate(glia_dtype dtype, double weight, const void *value, const double *sums,
                                  double *new_sums, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
