/* dense and the calls behind it as one launch. */
#ifndef GLI_CUDA_OPS_LINEAR_DENSE_CHAIN_H
#define GLI_CUDA_OPS_LINEAR_DENSE_CHAIN_H

#include "cuda/ops/dense_view.h"
#include "kernels/gemm/matmul_launch.h"
#include "ops/linear/dense_geom.h"

/* What the kernels of both providers see. */
extern const gli_cuda_kernel *const gli_cuda_dense_kernel, *const gli_cuda_dense_data_kernel;
gli_gemm gli_cuda_dense_gemm(const gli_call *call, const gli_cuda_view *view);
gli_gemm gli_cuda_dense_data_gemm(const gli_call *call, const gli_cuda_view *view);

/* For the fields chain and run_chain of the providers of dense and dense_backward_data:
 *   dense, cross_entropy_backward         the last layer of a classifier, and its loss; not on tensor cores
 *   dense, dropout
 *   dense_backward_data, dropout, the derivative of sigmoid, tanh or relu, or none */
int gli_cuda_dense_chain(const gli_call *const *calls, int n);
glia_status gli_cuda_run_dense_chain(const gli_call *const *calls, void *const *workspaces, int n);
int gli_cuda_dense_tensor_cores_chain(const gli_call *const *calls, int n);
glia_status gli_cuda_run_dense_tensor_cores_chain(const gli_call *const *calls, void *const *workspaces, int n);

#endif
