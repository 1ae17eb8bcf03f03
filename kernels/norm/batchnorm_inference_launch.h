/* Batch normalization with given statistics, and its gradient. */
#ifndef GLI_KERNELS_NORM_BATCHNORM_INFERENCE_LAUNCH_H
#define GLI_KERNELS_NORM_BATCHNORM_INFERENCE_LAUNCH_H

#include "kernels/norm/batchnorm_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = weight (x - mean) / sqrt(var + epsilon) + bias. mean, var: [c]. y may be x. The outputs mean and rstd of the
 * arrays, and the workspace, are not used. */
cudaError_t gli_kernel_batchnorm_inference(const gli_batchnorm_geom *geom, const gli_norm_arrays *arrays,
                                           const void *mean, const void *var, cudaStream_t stream);

/* dx = weight dy / sqrt(var + epsilon), dweight and dbias as those of batchnorm. arrays->rstd is the variance;
 * workspace: gli_kernel_batchnorm_workspace. */
cudaError_t gli_kernel_batchnorm_inference_backward(const gli_batchnorm_geom *geom,
                                                    const gli_norm_backward_arrays *arrays, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
