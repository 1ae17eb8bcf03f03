/* The derivative of a relu and the gradient of the filters before it as one launch. */
#ifndef GLI_CUDA_OPS_CONV_RELU_FILTER_CHAIN_H
#define GLI_CUDA_OPS_CONV_RELU_FILTER_CHAIN_H

#include "cuda/ops/dense_view.h"
#include "kernels/conv/conv2d_launch.h"

extern const gli_provider gli_conv2d_backward_filter_direct;
extern const gli_cuda_kernel *const gli_cuda_filter_direct_kernel;
gli_convolution gli_cuda_filter_convolution(const gli_call *call, const gli_cuda_view *view);

/* For the fields chain and run_chain of the provider of unary_backward: relu's derivative from its result, and
 * conv2d_backward_filter by the direct kernel, of a network's first convolution, which needs no other gradient. */
int gli_cuda_relu_filter_chain(const gli_call *const *calls, int n);
glia_status gli_cuda_run_relu_filter_chain(const gli_call *const *calls, void *const *workspaces, int n);

#endif
