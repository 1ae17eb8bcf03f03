/* One step of Adam or AdamW. */
#ifndef GLI_KERNELS_OPTIMIZER_ADAM_LAUNCH_H
#define GLI_KERNELS_OPTIMIZER_ADAM_LAUNCH_H

#include "kernels/optimizer/update_launch.h"
#include "ops/optimizer/adam_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_adam_arrays {
    gli_update_arrays all;
    const int64_t *step; /* one number */
    const void *m, *v;
    void *new_m, *new_v;
} gli_adam_arrays;

cudaError_t gli_kernel_adam(const gli_adam_geom *geom, const gli_adam_arrays *arrays, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
