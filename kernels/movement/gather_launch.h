/* Rows by index, and the sums that are its gradient. */
#ifndef GLI_KERNELS_MOVEMENT_GATHER_LAUNCH_H
#define GLI_KERNELS_MOVEMENT_GATHER_LAUNCH_H

#include "kernels/movement/copy_launch.h"
#include "kernels/device/indices.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which rows: `count` dense elements of -size .. size - 1; negative ones count from the end. Others are
 * noted in the slot, see kernels/device/index_check.cuh. */
typedef struct gli_row_indices {
    gli_indices indices;
    int count, size;
    unsigned long long *slot;
} gli_row_indices;

/* copy.dim is the shape of `to`, and copy.from.stride says how x is walked through along it: 0 along the dimensions of
 * the indices, where index_stride numbers their elements; it is 0 along the others. */
typedef struct gli_gather_walk {
    gli_copy_geom copy;
    int64_t index_stride[GLIA_MAX_DIMS];
    int64_t row_stride; /* of x, along the axis */
} gli_gather_walk;

/* to[a..., i..., b...] = from[a..., indices[i...], b...]; zero where the index is out of range. One dtype, any bits. */
cudaError_t gli_kernel_gather(const gli_gather_walk *walk, const gli_row_indices *indices, cudaStream_t stream);

/* dx[o, v, k] = the sum of dy[o, i, k] over all i with indices[i] = v; 0 for v = padding (-1: no padding).
 * dy [outer, count, inner], dx [outer, size, inner], dense, of a float dtype. */
typedef struct gli_gather_sums {
    glia_dtype dtype;
    int outer, inner, padding;
    const void *dy;
    void *dx;
} gli_gather_sums;

size_t gli_kernel_gather_backward_workspace(glia_dtype dtype, int outer, int inner, int count);
cudaError_t gli_kernel_gather_backward(const gli_gather_sums *sums, const gli_row_indices *indices, void *workspace,
                                       cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
