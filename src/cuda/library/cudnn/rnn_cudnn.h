/* The providers cuda.cudnn of rnn and rnn_backward: rnn_cudnn.c finds the algorithm of a layer, rnn_passes_cudnn.c runs
 * it. */
#ifndef GLI_CUDA_LIBRARY_CUDNN_RNN_CUDNN_H
#define GLI_CUDA_LIBRARY_CUDNN_RNN_CUDNN_H

#include "cuda/library/cudnn/cudnn_rnn.h"
#include "cuda/ops/dense_view.h"

/* Of a call that was prepared, or is being tried. */
glia_status gli_cudnn_rnn_of(const gli_call *call, const gli_cudnn_rnn **out);

/* Of what a forward call saves: cuDNN's reserve, and the packed weights where the op's tensor has room for both. */
size_t gli_cudnn_rnn_saved_bytes(const gli_call *call, const gli_cudnn_rnn *rnn);

/* The last is for calls of rnn with a reserve, for tuning: the call and then its backward call, whose gradients are
 * discarded. */
extern const gli_cuda_kernel gli_cudnn_rnn_forward_kernel, gli_cudnn_rnn_backward_kernel, gli_cudnn_rnn_training_kernel;

#endif
