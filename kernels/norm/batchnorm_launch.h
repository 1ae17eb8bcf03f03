/* Batch normalization and its gradient. */
#ifndef GLI_KERNELS_NORM_BATCHNORM_LAUNCH_H
#define GLI_KERNELS_NORM_BATCHNORM_LAUNCH_H

#include "kernels/norm/norm_arrays.h"
#include "ops/norm/batchnorm_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Vectors are [c]; n area is at most 2^31-1. */
typedef struct gli_batchnorm_arrays {
    gli_norm_arrays norm;
    const void *running_mean, *running_var;   /* NULL: zeros, ones */
    const void *residual;                     /* of the layout of x; NULL: zeros */
    void *new_running_mean, *new_running_var; /* may be running_mean, running_var; NULL: not requested */
} gli_batchnorm_arrays;

/* Bytes of workspace of the forward and of the backward op. */
size_t gli_kernel_batchnorm_workspace(const gli_batchnorm_geom *geom, glia_dtype dtype, bool channels_last);

/* y = activation(weight (x - mean) rstd + bias + residual) with the mean and variance of each channel,
 * rstd = 1 / sqrt(var + epsilon); the running statistics as glia_batchnorm defines them. */
cudaError_t gli_kernel_batchnorm(const gli_batchnorm_geom *geom, const gli_batchnorm_arrays *arrays,
                                 cudaStream_t stream);

/* With xhat = (x - mean) rstd, and for dy the product of dy + dy2 and the activation's derivative, which is dresidual:
 * dweight = sum dy xhat, dbias = sum dy, dx = weight rstd (dy - dbias / m - xhat dweight / m), the sums over the m
 * elements of the channel. */
cudaError_t gli_kernel_batchnorm_backward(const gli_batchnorm_geom *geom, const gli_norm_backward_arrays *arrays,
                                          cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
