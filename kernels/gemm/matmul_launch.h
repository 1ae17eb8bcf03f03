/* Products of matrices. */
#ifndef GLI_KERNELS_GEMM_MATMUL_LAUNCH_H
#define GLI_KERNELS_GEMM_MATMUL_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/context.h"
#include "glia/ops/common.h"
#include "kernels/device/gpu_info.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_MATMUL_DIMS = GLIA_MAX_DIMS - 2 };

/* Matrices of a batch seen through strides, in elements; 0 repeats. The extent is below 2^31 elements. */
typedef struct gli_product_array {
    const void *data;
    int64_t row, column;
    int64_t batch[GLI_MATMUL_DIMS];
} gli_product_array;

typedef struct gli_product {
    glia_dtype dtype;
    int m, n, k;
    int batch_ndim;
    int batch[GLI_MATMUL_DIMS];
    gli_product_array a, b, c, y; /* a: [m,k], b: [k,n], c and y: [m,n]; c may be absent */
    double alpha, beta;
    glia_unary_kind activation; /* linear, sigmoid, tanh or relu */
    bool wants_row_sums;        /* of a, for a batch of one */
    void *row_sums;             /* [m] */
    int64_t row_sums_step;
} gli_product;

/* y = act(alpha a b + beta c) for each matrix of the batch; row_sums[m] = sum over k of a[m,k]. y overlaps nothing, but
 * it may be c, element for element.
 * workspace: gli_kernel_matmul_workspace bytes, which follow from dtype, the sizes and wants_row_sums. */
size_t gli_kernel_matmul_workspace(const gli_product *call);
cudaError_t gli_kernel_matmul(const gli_product *call, gli_gpu gpu, void *workspace, cudaStream_t stream);

/* The same on tensor cores, sums in float: bf16 and f16, and f32 rounded to what `math` allows. Compute capability 7.5
 * has them for f16, 8.0 for all. */
cudaError_t gli_kernel_matmul_wmma(const gli_product *call, glia_math math, void *workspace, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
