/* One step of RMSprop. */
#ifndef GLI_KERNELS_OPTIMIZER_RMSPROP_LAUNCH_H
#define GLI_KERNELS_OPTIMIZER_RMSPROP_LAUNCH_H

#include "kernels/optimizer/update_launch.h"
#include "ops/optimizer/rmsprop_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_rmsprop_arrays {
    gli_update_arrays all;
    const void *square, *velocity, *mean;       /* velocity, mean: NULL: zeros */
    void *new_square, *new_velocity, *new_mean; /* the last two: NULL: not requested */
} gli_rmsprop_arrays;

cudaError_t gli_kernel_rmsprop(const gli_rmsprop_geom *geom, const gli_rmsprop_arrays *arrays, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
