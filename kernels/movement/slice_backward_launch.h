/* The gradient of slice: dy in an array of zeros. */
#ifndef GLI_KERNELS_MOVEMENT_SLICE_BACKWARD_LAUNCH_H
#define GLI_KERNELS_MOVEMENT_SLICE_BACKWARD_LAUNCH_H

#include "kernels/movement/copy_launch.h"
#include "ops/movement/slice_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* to[start + i step] = from[i] for i < count, in each dimension; the other elements are zero. copy->dim is the shape of
 * `to`; both sides have one dtype. */
cudaError_t gli_kernel_slice_backward(const gli_slice_geom *geom, const gli_copy_geom *copy, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
