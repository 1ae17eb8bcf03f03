/* What the launchers of all optimizers take. Vectors of `count` elements, f32 or f64; the formulas are in
 * glia/ops/optimizer.h. The learning rate, skip, and Adam's step, are in device memory: a recorded launch can be
 * replayed with others. Each new_... may be its old one, and nothing else. */
#ifndef GLI_KERNELS_OPTIMIZER_UPDATE_LAUNCH_H
#define GLI_KERNELS_OPTIMIZER_UPDATE_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"
#include "kernels/device/gpu_info.h"
#include "kernels/metric/accumulate_launch.h"
#include "kernels/optimizer/check_finite_launch.h"

/* What comes before and after the update in the same launch, as if each were a launch of its own. */
typedef struct gli_update_chain {
    const gli_check_finite_geom *check; /* NULL: none. Of arrays of the update's dtype, with elements */
    gli_check_finite_arrays check_arrays;
    const gli_accumulate_geom *add; /* NULL: none. It is small, and its value has the update's dtype */
    gli_accumulate_arrays add_arrays;
    unsigned *counter; /* in device memory, zero before and after each kernel of a stream */
    gli_gpu gpu;
} gli_update_chain;

typedef struct gli_update_arrays {
    glia_dtype dtype;
    const float *rate;   /* one number */
    const int64_t *skip; /* the same; not 0: each new_... is its old one. NULL: 0 */
    const void *param, *grad;
    void *new_param;
    void *new_half; /* new_param in this dtype, bf16 or f16; NULL: not requested */
    glia_dtype half;
    const gli_update_chain *chain; /* NULL: the update is all there is */
} gli_update_arrays;

#endif
