/* The cross entropy of classes, with softmax inside, and its gradient. */
#ifndef GLI_KERNELS_LOSS_CROSS_ENTROPY_LAUNCH_H
#define GLI_KERNELS_LOSS_CROSS_ENTROPY_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/loss.h"
#include "kernels/device/indices.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_CROSS_ENTROPY_WORKSPACE = 16 * 1024 }; /* bytes */

/* Dense arrays of floats of one dtype; the formulas stand in glia/ops/loss.h. Item i of n * inner has class c at
 * element (i / inner * classes + c) * inner + i % inner. */
typedef struct gli_cross_entropy_args {
    glia_dtype dtype;
    int n, classes, inner;
    glia_cross_entropy_from from;
    glia_reduction reduction;
    bool ignore;
    int64_t ignore_index;
    double label_smoothing, epsilon; /* epsilon: the least probability whose logarithm is taken */
    const void *x;
    const void *probabilities; /* the target, as x; NULL: it has classes */
    gli_indices target;
    unsigned long long *bad; /* where classes that are out of range are noted; see kernels/device/index_check.cuh */
    const void *weight;      /* [classes]; NULL: 1 */
    const void *dy;          /* of the backward kernel: one number, or one for each item where nothing is reduced */
    void *out;               /* y or dx */
    void *workspace;
} gli_cross_entropy_args;

cudaError_t gli_kernel_cross_entropy(const gli_cross_entropy_args *args, cudaStream_t stream);
cudaError_t gli_kernel_cross_entropy_backward(const gli_cross_entropy_args *args, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
