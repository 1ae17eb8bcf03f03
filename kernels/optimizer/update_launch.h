/* What the launchers of all optimizers take. Vectors of `count` elements, f32 or f64; the formulas are in
 * glia/ops/optimizer.h. The learning rate, skip, and Adam's step, are in device memory: a recorded launch can be
 * replayed with others. Each new_... may be its old one, and nothing else. */
#ifndef GLI_KERNELS_OPTIMIZER_UPDATE_LAUNCH_H
#define GLI_KERNELS_OPTIMIZER_UPDATE_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

typedef struct gli_update_arrays {
    glia_dtype dtype;
    const float *rate;   /* one number */
    const int64_t *skip; /* the same; not 0: each new_... is its old one. NULL: 0 */
    const void *param, *grad;
    void *new_param;
    void *new_half; /* new_param in this dtype, bf16 or f16; NULL: not requested */
    glia_dtype half;
} gli_update_arrays;

#endif
