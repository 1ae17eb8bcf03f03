/* Normalisation of groups of channels of a sample, and its gradient. */
#ifndef GLI_KERNELS_NORM_GROUPNORM_LAUNCH_H
#define GLI_KERNELS_NORM_GROUPNORM_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Images are dense [n, c, area], or [n, area, c] with channels_last; group k of a sample has the channels k c / groups
 * to (k + 1) c / groups - 1. Statistics are [n, groups], other vectors [c]. n area and the elements of a group are at
 * most 2^31-1. */
typedef struct gli_groups {
    int n, c, area, groups;
    bool channels_last;
} gli_groups;

/* Bytes of workspace of each function. */
size_t gli_kernel_groupnorm_workspace(glia_dtype dtype, const gli_groups *shape);

typedef struct gli_groupnorm_arrays {
    const void *x, *weight, *bias; /* weight, bias: NULL for ones, zeros */
    void *y, *mean, *rstd;         /* mean, rstd: NULL where not wanted */
} gli_groupnorm_arrays;

/* y = weight (x - mean) rstd + bias with the mean and variance of each group, rstd = 1 / sqrt(var + epsilon). */
cudaError_t gli_kernel_groupnorm(glia_dtype dtype, const gli_groups *shape, double epsilon,
                                 const gli_groupnorm_arrays *arrays, void *workspace, cudaStream_t stream);

typedef struct gli_groupnorm_backward_arrays {
    const void *x, *dy, *weight, *mean, *rstd; /* weight: NULL for ones */
    void *dx, *dweight, *dbias;                /* dweight, dbias: NULL where not wanted */
} gli_groupnorm_backward_arrays;

/* With g = weight dy and xhat = (x - mean) rstd: dx = rstd (g - sum g / m - xhat sum (g xhat) / m), the sums over the m
 * elements of the group; dweight = sum dy xhat and dbias = sum dy over those of a channel. */
cudaError_t gli_kernel_groupnorm_backward(glia_dtype dtype, const gli_groups *shape,
                                          const gli_groupnorm_backward_arrays *arrays, void *workspace,
                                          cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
