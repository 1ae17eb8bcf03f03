/* Rows with one element that differs. */
#ifndef GLIA_KERNELS_MOVEMENT_ONE_HOT_LAUNCH_H
#define GLIA_KERNELS_MOVEMENT_ONE_HOT_LAUNCH_H

#include <cuda_runtime_api.h>

#include "kernels/device/indices.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_one_hot_args {
    int count, classes; /* y is [count,classes], dense; its elements number at most 2^31-1 */
    size_t size;        /* bytes of an element: 1, 2, 4 or 8 */
    uint64_t on, off;   /* elements, in the first bytes */
    glia_indices indices;
    void *y;
} glia_one_hot_args;

/* y[i, c] = c is index i, which counts from the end where it is negative ? on : off. */
cudaError_t glia_kernel_one_hot(const glia_one_hot_args *args, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
