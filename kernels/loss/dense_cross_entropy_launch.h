/* A dense layer, and the gradient of the cross entropy of what it computes. */
#ifndef GLI_KERNELS_LOSS_DENSE_CROSS_ENTROPY_LAUNCH_H
#define GLI_KERNELS_LOSS_DENSE_CROSS_ENTROPY_LAUNCH_H

#include "kernels/gemm/matmul_launch.h"
#include "kernels/loss/cross_entropy_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the items of y, one of each row, are few enough for one block, and their classes for the threads of a part of
 * a warp. */
bool gli_kernel_dense_cross_entropy_fits(const gli_gemm *gemm, const gli_cross_entropy_geom *geom);

/* gli_kernel_matmul, and gli_kernel_cross_entropy_backward of x = y, which need no workspace of its own: in one launch,
 * with the bits of both. The GEMM is no batch, and of the arrays' dtype. */
cudaError_t gli_kernel_dense_cross_entropy(const gli_gemm *gemm, const gli_cross_entropy_geom *geom,
                                           const gli_cross_entropy_arrays *arrays, const gli_gemm_run *run);

#ifdef __cplusplus
}
#endif
#endif
