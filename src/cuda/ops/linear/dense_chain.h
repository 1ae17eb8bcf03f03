/* dense and the calls behind it as one launch. */
#ifndef GLI_CUDA_OPS_LINEAR_DENSE_CHAIN_H
#define GLI_CUDA_OPS_LINEAR_DENSE_CHAIN_H

#include "cuda/ops/dense_view.h"
#include "kernels/gemm/matmul_launch.h"
#include "ops/linear/dense_geom.h"

extern const gli_cuda_kernel *const gli_cuda_dense_kernel;
gli_gemm gli_cuda_dense_gemm(const gli_call *call, const gli_cuda_view *view);

/* For the fields chain and run_chain of the provider of dense: the last layer of a classifier, and the gradient of the
 * cross entropy of its result. */
int gli_cuda_dense_chain(const gli_call *const *calls, int n);
glia_status gli_cuda_run_dense_chain(const gli_call *const *calls, void *const *workspaces, int n);

#endif
