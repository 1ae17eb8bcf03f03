/* Several copies at once. */
#ifndef GLI_KERNELS_MOVEMENT_CONCAT_LAUNCH_H
#define GLI_KERNELS_MOVEMENT_CONCAT_LAUNCH_H

#include "kernels/movement/copy_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Copies into parts of one array: all sides are of one dtype. Copies of contiguous rows share launches, up to 8 in a
 * launch; the others as gli_kernel_copy does them. */
cudaError_t gli_kernel_concat(const gli_copy_geom *parts, int n, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
