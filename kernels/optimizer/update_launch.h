/* One step of an optimizer over vectors of `count` floats of one dtype. The formulas stand in glia/ops/optimizer.h. The
 * rate, an f32, and the step, an i64, are in device memory: what is recorded with these launches can be replayed with
 * others. Each new_... may be its old one, and nothing else. */
#ifndef GLI_KERNELS_OPTIMIZER_UPDATE_LAUNCH_H
#define GLI_KERNELS_OPTIMIZER_UPDATE_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gli_update_args {
    glia_dtype dtype;
    int count;
    const float *rate;
    double l1, l2;
    const void *param, *grad;
    void *new_param;
} gli_update_args;

typedef struct gli_sgd_args {
    gli_update_args all;
    double momentum, dampening;
    bool nesterov;
    const void *velocity; /* NULL: zeros */
    void *new_velocity;   /* NULL: not wanted */
} gli_sgd_args;
cudaError_t gli_kernel_sgd(const gli_sgd_args *args, cudaStream_t stream);

typedef struct gli_adam_args {
    gli_update_args all;
    double beta1, beta2, epsilon;
    bool decoupled;
    const int64_t *step;
    const void *m, *v;
    void *new_m, *new_v;
} gli_adam_args;
cudaError_t gli_kernel_adam(const gli_adam_args *args, cudaStream_t stream);

typedef struct gli_adagrad_args {
    gli_update_args all;
    double epsilon;
    const void *sum;
    void *new_sum;
} gli_adagrad_args;
cudaError_t gli_kernel_adagrad(const gli_adagrad_args *args, cudaStream_t stream);

typedef struct gli_rmsprop_args {
    gli_update_args all;
    double alpha, epsilon, momentum;
    bool centered;
    const void *square, *velocity, *mean; /* the last two: NULL: zeros */
    void *new_square, *new_velocity, *new_mean;
} gli_rmsprop_args;
cudaError_t gli_kernel_rmsprop(const gli_rmsprop_args *args, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
