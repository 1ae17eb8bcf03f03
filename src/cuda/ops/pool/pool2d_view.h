/* From the calls of pooling ops to the arrays that their kernels take, whatever the strides. */
#ifndef GLI_CUDA_OPS_POOL_POOL2D_VIEW_H
#define GLI_CUDA_OPS_POOL_POOL2D_VIEW_H

#include <string.h>

#include "cuda/ops/dense_view.h"
#include "kernels/pool/pool2d_arrays.h"

/* Of a forward op. */
static inline gli_pool2d_arrays gli_cuda_pool2d_forward(const gli_call *call, const gli_cuda_view *v, bool adaptive) {
    gli_pool2d_arrays a = {.dtype = v->dtype, .adaptive = adaptive, .in = v->in[0], .out = v->out[GLI_POOL_Y]};
    memcpy(a.x_stride, v->in_stride[0], sizeof a.x_stride);
    memcpy(a.y_stride, v->out_stride[GLI_POOL_Y], sizeof a.y_stride);
    if (call->op->n_outputs <= GLI_POOL_INDICES || !v->out[GLI_POOL_INDICES]) return a;
    a.indices = v->out[GLI_POOL_INDICES];
    memcpy(a.indices_stride, v->out_stride[GLI_POOL_INDICES], sizeof a.indices_stride);
    return a;
}

/* Of a backward op, without the indices. */
static inline gli_pool2d_arrays gli_cuda_pool2d_backward(const gli_cuda_view *v, bool adaptive) {
    gli_pool2d_arrays a = {.dtype = v->dtype, .adaptive = adaptive, .in = v->in[GLI_POOL_BACK_DY], .out = v->out[0]};
    memcpy(a.x_stride, v->out_stride[0], sizeof a.x_stride);
    memcpy(a.y_stride, v->in_stride[GLI_POOL_BACK_DY], sizeof a.y_stride);
    return a;
}

/* Defines the provider gli_OP_portable, whose kernel reads and writes any strides; what follows are more fields of its
 * gli_cuda_kernel. */
#define GLI_CUDA_POOL2D_PROVIDER(op, ...) GLI_CUDA_PROVIDER(op, .strided_in = 3, .strided_out = 3, __VA_ARGS__)

#endif
