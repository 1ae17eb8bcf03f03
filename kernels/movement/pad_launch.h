/* Padding with a constant. */
#ifndef GLI_KERNELS_MOVEMENT_PAD_LAUNCH_H
#define GLI_KERNELS_MOVEMENT_PAD_LAUNCH_H

#include "kernels/movement/copy_launch.h"
#include "ops/movement/pad_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* to[before + i] = from[i] for i < size, in each dimension; the other elements are `fill`, whose first bytes are the
 * geometry's value in the dtype of both sides. copy->dim is the shape of `to`. */
cudaError_t gli_kernel_pad(const gli_pad_geom *geom, const gli_copy_geom *copy, uint64_t fill, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
