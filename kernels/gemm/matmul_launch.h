/* Matrix products: matmul, dense and its gradients, and those of recurrent layers. */
#ifndef GLI_KERNELS_GEMM_MATMUL_LAUNCH_H
#define GLI_KERNELS_GEMM_MATMUL_LAUNCH_H

#include "glia/ops/common.h"
#include "kernels/gemm/gemm_run.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLI_GEMM_BATCH_DIMS = GLIA_MAX_DIMS - 2 };

/* A batch of matrices with any strides, in elements; 0 repeats. Extends over fewer than 2^31 elements. */
typedef struct gli_gemm_matrix {
    const void *data;
    int64_t row_stride, column_stride;
    int64_t batch_stride[GLI_GEMM_BATCH_DIMS];
} gli_gemm_matrix;

typedef struct gli_gemm {
    glia_dtype dtype;
    int m, n, k;
    int batch_ndim;
    int batch[GLI_GEMM_BATCH_DIMS];
    gli_gemm_matrix a, b, c, y; /* a: [m,k], b: [k,n], c and y: [m,n]; c may be absent */
    double alpha, beta;
    glia_unary_kind activation; /* linear, sigmoid, tanh or relu */
    bool backward;              /* y = act'(of c) alpha a b instead, where c is what act computed, and not y */
    bool wide_y;                /* y, c and row_sums are f32 where dtype is bf16 or f16 */
    bool has_row_sums;          /* those of a are requested; of a batch of one */
    void *row_sums;             /* [m] */
    int64_t row_sums_stride;
} gli_gemm;

/* y = act(alpha a b + beta c) for each matrix of the batch; row_sums[m] = sum over k of a[m,k]. y overlaps nothing, but
 * it may be c. workspace: bytes that follow from the dtype, the sizes and has_row_sums. */
size_t gli_kernel_matmul_workspace(const gli_gemm *gemm);
cudaError_t gli_kernel_matmul(const gli_gemm *gemm, const gli_gemm_run *run);

enum { GLI_GEMM_GROUP = 8 };

/* gli_kernel_matmul for n GEMMs in one launch, with the same bits; no y overlaps anything of another. All are of one
 * dtype, with wide_y, without a batch and small; the first says how many of the first of n can be so. */
int gli_kernel_matmul_group_size(const gli_gemm *gemms, int n);
cudaError_t gli_kernel_matmul_group(const gli_gemm *gemms, int n, const gli_gemm_run *run);

/* gli_kernel_matmul on tensor cores, accumulated in float: bf16 and f16, and f32 rounded to what run->math allows. f16
 * needs compute capability 7.5, the others 8.0. */
cudaError_t gli_kernel_matmul_tensor_cores(const gli_gemm *gemm, const gli_gemm_run *run);

#ifdef __cplusplus
}
#endif
#endif
