/* The epilogue of a convolution or a GEMM that a library has computed: bias and activation. */
#ifndef GLI_KERNELS_GEMM_BIAS_LAUNCH_H
#define GLI_KERNELS_GEMM_BIAS_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[o,c,i] = act(y[o,c,i] + bias[c]) in place; y: [outer,channels,inner], dense, fewer than 2^31 elements. bias NULL:
 * zeros. activation: one of those that convolutions fuse. */
cudaError_t gli_kernel_bias(glia_dtype dtype, glia_unary_kind activation, void *y, const void *bias, int outer,
                            int channels, int inner, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
