/* Normalisation of rows, and its gradient. */
#ifndef GLIA_KERNELS_NORM_LAYERNORM_LAUNCH_H
#define GLIA_KERNELS_NORM_LAYERNORM_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x, y: [rows, size]   weight, bias: [size], or NULL for ones and zeros   mean, rstd: [rows], NULL where not wanted. */
typedef struct glia_layernorm_arrays {
    const void *x, *weight, *bias;
    void *y, *mean, *rstd;
} glia_layernorm_arrays;

/* y = weight (x - mean) rstd + bias, rstd = 1 / sqrt(var + epsilon), var = sum (x - mean)^2 / size. */
cudaError_t glia_kernel_layernorm(glia_dtype dtype, int rows, int size, double epsilon,
                                  const glia_layernorm_arrays *arrays, cudaStream_t stream);

/* x, dy, dx: [rows, size]   weight: [size] or NULL   mean, rstd: [rows]   dweight, dbias: [size], NULL where not
 * wanted. */
typedef struct glia_layernorm_backward_arrays {
    const void *x, *dy, *weight, *mean, *rstd;
    void *dx, *dweight, *dbias;
} glia_layernorm_backward_arrays;

size_t glia_kernel_layernorm_backward_workspace(glia_dtype dtype, int rows, int size);

/* With g = weight dy and xhat = (x - mean) rstd: dx = rstd (g - sum g / size - xhat sum (g xhat) / size), the sums over
 * the row; dweight = sum dy xhat and dbias = sum dy over the rows. */
cudaError_t glia_kernel_layernorm_backward(glia_dtype dtype, int rows, int size,
                                           const glia_layernorm_backward_arrays *arrays, void *workspace,
                                           cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
