/* Rows by index (an embedding), and its gradient. */
#ifndef GLI_KERNELS_MOVEMENT_GATHER_LAUNCH_H
#define GLI_KERNELS_MOVEMENT_GATHER_LAUNCH_H

#include "kernels/device/indices.h"
#include "kernels/movement/copy_launch.h"
#include "ops/movement/gather_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Indices are dense, of -size .. size - 1; negative ones count from the end. Others are noted in the slot, see
 * kernels/device/index_check.cuh. */

/* copy.dim is the shape of `to`. For each of its dimensions, copy.from.stride is the stride in x, 0 where the dimension
 * is one of the indices; index_stride is the stride in the indices, 0 for the others. Both sides have one dtype, whose
 * elements keep their bits. */
typedef struct gli_gather_arrays {
    gli_copy_geom copy;
    int64_t index_stride[GLIA_MAX_DIMS];
    int64_t row_stride; /* of x, along the axis */
    gli_indices indices;
    unsigned long long *slot;
} gli_gather_arrays;

/* to[a..., i..., b...] = from[a..., indices[i...], b...]; zero where the index is out of range. */
cudaError_t gli_kernel_gather(const gli_gather_geom *geom, const gli_gather_arrays *arrays, cudaStream_t stream);

/* Of a float dtype, dense: dy [outer, count, inner], dx [outer, size, inner]. */
typedef struct gli_gather_backward_arrays {
    glia_dtype dtype;
    gli_indices indices;
    unsigned long long *slot;
    const void *dy;
    void *dx;
    void *workspace;
} gli_gather_backward_arrays;

size_t gli_kernel_gather_backward_workspace(const gli_gather_geom *geom, glia_dtype dtype);

/* dx[o, v, k] = the sum of dy[o, i, k] over all i with indices[i] = v; 0 for v = the geometry's padding. */
cudaError_t gli_kernel_gather_backward(const gli_gather_geom *geom, const gli_gather_backward_arrays *arrays,
                                       cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
