/* Layer normalization and its gradient. */
#ifndef GLI_KERNELS_NORM_LAYERNORM_LAUNCH_H
#define GLI_KERNELS_NORM_LAYERNORM_LAUNCH_H

#include "kernels/norm/norm_arrays.h"
#include "ops/norm/layernorm_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x, y, dy, dx: [rows, size]   weight, bias, dweight, dbias: [size]   mean, rstd: [rows] */

/* y = weight (x - mean) rstd + bias, rstd = 1 / sqrt(var + epsilon), var = sum (x - mean)^2 / size. No workspace. */
cudaError_t gli_kernel_layernorm(const gli_layernorm_geom *geom, const gli_norm_arrays *arrays, cudaStream_t stream);

/* Bytes of workspace, where dweight or dbias is requested. */
size_t gli_kernel_layernorm_backward_workspace(const gli_layernorm_geom *geom, glia_dtype dtype);

/* With g = weight dy and xhat = (x - mean) rstd: dx = rstd (g - sum g / size - xhat sum (g xhat) / size), the sums over
 * the row; dweight = sum dy xhat and dbias = sum dy over the rows. */
cudaError_t gli_kernel_layernorm_backward(const gli_layernorm_geom *geom, const gli_norm_backward_arrays *arrays,
                                          cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
