/* One step of SGD, with momentum. */
#ifndef GLI_KERNELS_OPTIMIZER_SGD_LAUNCH_H
#define GLI_KERNELS_OPTIMIZER_SGD_LAUNCH_H

#include "kernels/optimizer/update_launch.h"
#include "ops/optimizer/sgd_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_sgd_arrays {
    gli_update_arrays all;
    const void *velocity; /* NULL: zeros */
    void *new_velocity;   /* NULL: not requested */
} gli_sgd_arrays;

cudaError_t gli_kernel_sgd(const gli_sgd_geom *geom, const gli_sgd_arrays *arrays, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
