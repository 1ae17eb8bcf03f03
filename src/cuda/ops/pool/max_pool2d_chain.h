/* max_pool2d and the dropout behind it as one launch, and so their gradients. */
#ifndef GLI_CUDA_OPS_POOL_MAX_POOL2D_CHAIN_H
#define GLI_CUDA_OPS_POOL_MAX_POOL2D_CHAIN_H

#include "cuda/ops/pool/pool2d_view.h"

extern const gli_cuda_kernel *const gli_cuda_max_pool2d_kernel, *const gli_cuda_max_pool2d_backward_kernel,
                                                                    *const gli_cuda_dropout_kernel;
gli_pool2d_arrays gli_cuda_max_pool2d_backward_arrays(const gli_cuda_view *view);

/* For the fields chain and run_chain of the provider of max_pool2d: max_pool2d, a cast that makes its result row-major
 * or none, dropout. */
int gli_cuda_max_pool2d_chain(const gli_call *const *calls, int n);
glia_status gli_cuda_run_max_pool2d_chain(const gli_call *const *calls, void *const *workspaces, int n);

/* Of the provider of dropout: dropout, a cast from row-major or none, max_pool2d_backward. */
int gli_cuda_dropout_chain(const gli_call *const *calls, int n);
glia_status gli_cuda_run_dropout_chain(const gli_call *const *calls, void *const *workspaces, int n);

#endif
