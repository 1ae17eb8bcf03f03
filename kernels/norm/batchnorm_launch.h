/* Normalisation of channels, with the statistics of the batch or with given ones, and the gradients. */
#ifndef GLI_KERNELS_NORM_BATCHNORM_LAUNCH_H
#define GLI_KERNELS_NORM_BATCHNORM_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Images are dense [n, c, area], or [n, area, c] with channels_last. Vectors are [c]. n area is at most 2^31-1. */
typedef struct gli_channels {
    int n, c, area;
    bool channels_last;
} gli_channels;

/* Bytes of workspace of each function. */
size_t gli_kernel_batchnorm_workspace(glia_dtype dtype, const gli_channels *shape);

typedef struct gli_batchnorm_arrays {
    const void *x, *weight, *bias;            /* weight, bias: NULL for ones, zeros */
    const void *running_mean, *running_var;   /* NULL for zeros, ones */
    const void *residual;                     /* lies as x does; NULL for zeros */
    void *y, *mean, *rstd;                    /* mean, rstd, and the next two: NULL where not wanted */
    void *new_running_mean, *new_running_var; /* may be the memory of running_mean, running_var */
} gli_batchnorm_arrays;

typedef struct gli_batchnorm_numbers {
    double epsilon, momentum;
    bool population;
    glia_unary_kind activation;
} gli_batchnorm_numbers;

/* y = activation(weight (x - mean) rstd + bias + residual) with the mean and variance of each channel, rstd = 1 /
 * sqrt(var + epsilon); the running statistics as glia_batchnorm defines them. */
cudaError_t gli_kernel_batchnorm(glia_dtype dtype, const gli_channels *shape, const gli_batchnorm_numbers *numbers,
                                 const gli_batchnorm_arrays *arrays, void *workspace, cudaStream_t stream);

typedef struct gli_batchnorm_backward_arrays {
    const void *x, *dy, *weight, *mean, *rstd; /* weight: NULL for ones; rstd: of inference the variance */
    void *dx, *dweight, *dbias;                /* dweight, dbias: NULL where not wanted */
} gli_batchnorm_backward_arrays;

/* With xhat = (x - mean) rstd: dweight = sum dy xhat, dbias = sum dy, dx = weight rstd (dy - dbias / m - xhat dweight /
 * m), the sums over the m elements of the channel. */
cudaError_t gli_kernel_batchnorm_backward(glia_dtype dtype, const gli_channels *shape,
                                          const gli_batchnorm_backward_arrays *arrays, void *workspace,
                                          cudaStream_t stream);

/* y = weight (x - mean) / sqrt(var + epsilon) + bias. y may be x. */
cudaError_t gli_kernel_batchnorm_inference(glia_dtype dtype, const gli_channels *shape, double epsilon, const void *x,
                                           const void *const vectors[4] /* weight bias mean var */, void *y,
                                           cudaStream_t stream);

/* Its gradient: dx = weight dy / sqrt(var + epsilon), dweight and dbias as above. */
cudaError_t gli_kernel_batchnorm_inference_backward(glia_dtype dtype, const gli_channels *shape, double epsilon,
                                                    const gli_batchnorm_backward_arrays *arrays, void *workspace,
                                                    cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
