/* Rows with one element that differs. */
#ifndef GLI_KERNELS_MOVEMENT_ONE_HOT_LAUNCH_H
#define GLI_KERNELS_MOVEMENT_ONE_HOT_LAUNCH_H

#include <cuda_runtime_api.h>

#include "kernels/device/indices.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_one_hot_args {
    int count, classes; /* y is [count,classes], dense; its elements number at most 2^31-1 */
    size_t size;        /* bytes of an element: 1, 2, 4 or 8 */
    uint64_t on, off;   /* elements, in the first bytes */
    gli_indices indices;
    void *y;
} gli_one_hot_args;

/* y[i, c] = c is index i, which counts from the end where it is negative ? on : off. */
cudaError_t gli_kernel_one_hot(const gli_one_hot_args *args, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
