/* Group normalization and its gradient. */
#ifndef GLI_KERNELS_NORM_GROUPNORM_LAUNCH_H
#define GLI_KERNELS_NORM_GROUPNORM_LAUNCH_H

#include "kernels/norm/norm_arrays.h"
#include "ops/norm/groupnorm_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Group k of a sample has the channels k c / groups to (k + 1) c / groups - 1. Statistics are [n, groups], other
 * vectors [c]. n area and the elements of a group are at most 2^31-1. */

/* Bytes of workspace of the forward and of the backward op. */
size_t gli_kernel_groupnorm_workspace(const gli_groupnorm_geom *geom, glia_dtype dtype, bool channels_last);

/* y = weight (x - mean) rstd + bias with the mean and variance of each group, rstd = 1 / sqrt(var + epsilon). */
cudaError_t gli_kernel_groupnorm(const gli_groupnorm_geom *geom, const gli_norm_arrays *arrays, cudaStream_t stream);

/* With g = weight dy and xhat = (x - mean) rstd: dx = rstd (g - sum g / m - xhat sum (g xhat) / m), the sums over the m
 * elements of the group; dweight = sum dy xhat and dbias = sum dy over those of a channel. */
cudaError_t gli_kernel_groupnorm_backward(const gli_groupnorm_geom *geom, const gli_norm_backward_arrays *arrays,
                                          cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
