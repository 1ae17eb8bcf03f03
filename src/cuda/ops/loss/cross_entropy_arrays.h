/* cross_entropy_backward as a part of chains. */
#ifndef GLI_CUDA_OPS_LOSS_CROSS_ENTROPY_ARRAYS_H
#define GLI_CUDA_OPS_LOSS_CROSS_ENTROPY_ARRAYS_H

#include "cuda/ops/dense_view.h"
#include "kernels/loss/cross_entropy_launch.h"

extern const gli_cuda_kernel *const gli_cuda_cross_entropy_backward_kernel;
glia_status gli_cuda_cross_entropy_backward_arrays(const gli_call *call, const gli_cuda_view *view,
                                                   gli_cross_entropy_arrays *out);

#endif
