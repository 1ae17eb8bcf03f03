/* Normalisation of rows, and its gradient. */
#ifndef GLI_KERNELS_NORM_LAYERNORM_LAUNCH_H
#define GLI_KERNELS_NORM_LAYERNORM_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x, y: [rows, size]   weight, bias: [size], or NULL for ones and zeros   mean, rstd: [rows], NULL where not wanted. */
typedef struct gli_layernorm_arrays {
    const void *x, *weight, *bias;
    void *y, *mean, *rstd;
} gli_layernorm_arrays;

/* y = weight (x - mean) rstd + bias, rstd = 1 / sqrt(var + epsilon), var = sum (x - mean)^2 / size. */
cudaError_t gli_kernel_layernorm(glia_dtype dtype, int rows, int size, double epsilon,
                                 const gli_layernorm_arrays *arrays, cudaStream_t stream);

/* x, dy, dx: [rows, size]   weight: [size] or NULL   mean, rstd: [rows]   dweight, dbias: [size], NULL where not
 * wanted. */
typedef struct gli_layernorm_backward_arrays {
    const void *x, *dy, *weight, *mean, *rstd;
    void *dx, *dweight, *dbias;
} gli_layernorm_backward_arrays;

size_t gli_kernel_layernorm_backward_workspace(glia_dtype dtype, int rows, int size);

/* With g = weight dy and xhat = (x - mean) rstd: dx = rstd (g - sum g / size - xhat sum (g xhat) / size), the sums over
 * the row; dweight = sum dy xhat and dbias = sum dy over the rows. */
cudaError_t gli_kernel_layernorm_backward(glia_dtype dtype, int rows, int size,
                                          const gli_layernorm_backward_arrays *arrays, void *workspace,
                                          cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
