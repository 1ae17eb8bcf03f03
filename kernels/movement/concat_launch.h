/* Several copies at once. */
#ifndef GLIA_KERNELS_MOVEMENT_CONCAT_LAUNCH_H
#define GLIA_KERNELS_MOVEMENT_CONCAT_LAUNCH_H

#include "kernels/movement/copy_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Copies into parts of one array: all sides are of one dtype. Copies of contiguous rows go together, up to 8 in a
 * launch; the others as glia_kernel_copy does them. */
cudaError_t glia_kernel_concat(const glia_copy_geom *parts, int n, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
