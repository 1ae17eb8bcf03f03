/* One-hot rows. */
#ifndef GLI_KERNELS_MOVEMENT_ONE_HOT_LAUNCH_H
#define GLI_KERNELS_MOVEMENT_ONE_HOT_LAUNCH_H

#include <cuda_runtime_api.h>

#include "kernels/device/indices.h"
#include "ops/movement/one_hot_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_one_hot_arrays {
    glia_dtype dtype;
    uint64_t on, off; /* the geometry's values in the dtype, in the first bytes */
    gli_indices indices;
    void *y; /* [count,classes], dense, at most 2^31-1 elements */
} gli_one_hot_arrays;

/* y[i, c] = c is index i ? on : off; a negative index counts from the end. */
cudaError_t gli_kernel_one_hot(const gli_one_hot_geom *geom, const gli_one_hot_arrays *arrays, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
