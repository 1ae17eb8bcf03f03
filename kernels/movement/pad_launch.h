/* A part placed in a larger array: padding, and the gradient of slices. */
#ifndef GLI_KERNELS_MOVEMENT_PAD_LAUNCH_H
#define GLI_KERNELS_MOVEMENT_PAD_LAUNCH_H

#include "kernels/movement/copy_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_place_geom {
    gli_copy_geom copy; /* dim: of `to`; both sides have one dtype, whose elements keep their bits */
    int64_t start[GLIA_MAX_DIMS], step[GLIA_MAX_DIMS], count[GLIA_MAX_DIMS];
    unsigned char fill[8]; /* an element */
} gli_place_geom;

/* to[start + i step] = from[i] for i < count, in each dimension; the other elements are `fill`. A step is
 * at least 1. */
cudaError_t gli_kernel_place(const gli_place_geom *geom, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
