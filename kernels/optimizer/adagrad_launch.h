/* One step of AdaGrad. */
#ifndef GLI_KERNELS_OPTIMIZER_ADAGRAD_LAUNCH_H
#define GLI_KERNELS_OPTIMIZER_ADAGRAD_LAUNCH_H

#include "kernels/optimizer/update_launch.h"
#include "ops/optimizer/adagrad_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_adagrad_arrays {
    gli_update_arrays all;
    const void *sum;
    void *new_sum;
} gli_adagrad_arrays;

cudaError_t gli_kernel_adagrad(const gli_adagrad_geom *geom, const gli_adagrad_arrays *arrays, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
