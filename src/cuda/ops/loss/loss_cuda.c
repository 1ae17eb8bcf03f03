#include "kernels/loss/loss_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static gli_loss_arrays arrays_of(const gli_cuda_view *v, void *y, void *dprediction) {
    return (gli_loss_arrays){.dtype       = v->dtype,
                             .prediction  = v->in[GLI_LOSS_PREDICTION],
                             .target      = v->in[GLI_LOSS_TARGET],
                             .weight      = v->in[GLI_LOSS_WEIGHT],
                             .dy          = v->in[GLI_LOSS_DY],
                             .y           = y,
                             .dprediction = dprediction,
                             .workspace   = v->workspace};
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLI_LOSS_WORKSPACE;
}

static size_t backward_workspace(const gli_call *call, glia_dtype dtype) {
    return call->out[GLI_LOSS_BACK_Y] ? workspace(call, dtype) : 0;
}

static glia_status loss(const gli_call *call, const gli_cuda_view *v) {
    const gli_loss_arrays arrays = arrays_of(v, v->out[0], NULL);
    GLI_CUDA_TRY(call->ctx, gli_kernel_loss(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

static glia_status loss_backward(const gli_call *call, const gli_cuda_view *v) {
    const gli_loss_arrays arrays = arrays_of(v, v->out[GLI_LOSS_BACK_Y], v->out[GLI_LOSS_BACK_DPREDICTION]);
    GLI_CUDA_TRY(call->ctx, gli_kernel_loss_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(loss, .run = loss, .workspace = workspace);
GLI_CUDA_PROVIDER(loss_backward, .run = loss_backward, .workspace = backward_workspace);
