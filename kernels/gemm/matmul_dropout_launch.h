/* Matrix products whose result is dropped at random: of a dense layer, and of its gradient. */
#ifndef GLI_KERNELS_GEMM_MATMUL_DROPOUT_LAUNCH_H
#define GLI_KERNELS_GEMM_MATMUL_DROPOUT_LAUNCH_H

#include "kernels/gemm/matmul_launch.h"
#include "ops/random/dropout_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What follows a GEMM: out = dropout(y), row-major [m,n], or act'(of activated) dropout(y), where activated, row-major
 * [m,n], is what act computed; NULL: no derivative. */
typedef struct gli_gemm_dropout {
    const gli_dropout_geom *geom;
    const int64_t *step; /* as of gli_kernel_dropout */
    const void *activated;
    glia_unary_kind activation; /* sigmoid, tanh or relu */
    void *out;
} gli_gemm_dropout;

/* gli_kernel_matmul, gli_kernel_dropout and gli_kernel_unary_backward in one launch, with their bits. The GEMM is no
 * batch, and its y row-major, dense and of its dtype; data NULL: y is not written. */
cudaError_t gli_kernel_matmul_dropout(const gli_gemm *gemm, const gli_gemm_dropout *dropout, const gli_gemm_run *run);

/* The same of gli_kernel_matmul_tensor_cores. */
cudaError_t gli_kernel_matmul_dropout_tensor_cores(const gli_gemm *gemm, const gli_gemm_dropout *dropout,
                                                   const gli_gemm_run *run);

#ifdef __cplusplus
}
#endif
#endif
