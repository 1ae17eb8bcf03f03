/* One step of an optimizer over vectors of `count` floats of one dtype. The formulas stand in glia/ops/optimizer.h. The
 * rate, an f32, and the step, an i64, are in device memory: what is recorded with these launches can be replayed with
 * others. Each new_... may be its old one, and nothing else. */
#ifndef GLIA_KERNELS_OPTIMIZER_OPTIMIZER_LAUNCH_H
#define GLIA_KERNELS_OPTIMIZER_OPTIMIZER_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_update_args {
    glia_dtype dtype;
    int count;
    const float *rate;
    double l1, l2;
    const void *param, *grad;
    void *new_param;
} glia_update_args;

typedef struct glia_sgd_args {
    glia_update_args all;
    double momentum, dampening;
    bool nesterov;
    const void *velocity; /* NULL: zeros */
    void *new_velocity;   /* NULL: not wanted */
} glia_sgd_args;
cudaError_t glia_kernel_sgd(const glia_sgd_args *args, cudaStream_t stream);

typedef struct glia_adam_args {
    glia_update_args all;
    double beta1, beta2, epsilon;
    bool decoupled;
    const int64_t *step;
    const void *m, *v;
    void *new_m, *new_v;
} glia_adam_args;
cudaError_t glia_kernel_adam(const glia_adam_args *args, cudaStream_t stream);

typedef struct glia_adagrad_args {
    glia_update_args all;
    double epsilon;
    const void *sum;
    void *new_sum;
} glia_adagrad_args;
cudaError_t glia_kernel_adagrad(const glia_adagrad_args *args, cudaStream_t stream);

typedef struct glia_rmsprop_args {
    glia_update_args all;
    double alpha, epsilon, momentum;
    bool centered;
    const void *square, *velocity, *mean; /* the last two: NULL: zeros */
    void *new_square, *new_velocity, *new_mean;
} glia_rmsprop_args;
cudaError_t glia_kernel_rmsprop(const glia_rmsprop_args *args, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
