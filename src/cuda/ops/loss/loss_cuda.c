#include "kernels/loss/loss_launch.h"

#include "cuda/ops/dense_view.h"
#include "ops/loss/loss_geom.h"

static glia_loss_args args_of(const glia_call *call, const glia_cuda_view *v) {
    const glia_loss_geom *g = call->geom;
    return (glia_loss_args){.dtype      = v->dtype,
                            .kind       = g->kind,
                            .reduction  = g->reduction,
                            .log_target = g->log_target,
                            .delta      = g->delta,
                            .count      = g->count,
                            .shared     = g->shared,
                            .prediction = v->in[LOSS_PREDICTION],
                            .target     = v->in[LOSS_TARGET],
                            .weight     = v->in[LOSS_WEIGHT],
                            .dy         = v->in[LOSS_DY],
                            .out        = v->out[0],
                            .workspace  = v->workspace};
}

static size_t workspace(const glia_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLIA_LOSS_WORKSPACE;
}

static glia_status loss(const glia_call *call, const glia_cuda_view *v) {
    const glia_loss_args args = args_of(call, v);
    GLIA_CUDA_TRY(call->ctx, glia_kernel_loss(&args, v->stream));
    return GLIA_OK;
}

static glia_status loss_backward(const glia_call *call, const glia_cuda_view *v) {
    const glia_loss_args args = args_of(call, v);
    GLIA_CUDA_TRY(call->ctx, glia_kernel_loss_backward(&args, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(loss, .run = loss, .workspace = workspace);
GLIA_CUDA_PROVIDER(loss_backward, .run = loss_backward);
