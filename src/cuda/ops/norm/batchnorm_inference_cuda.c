#include "kernels/norm/batchnorm_inference_launch.h"

#include "core/provider.h"
#include "cuda/ops/channels_last.h"
#include "cuda/ops/norm/norm_view.h"

static size_t no_workspace(const gli_call *call, glia_dtype dtype, bool channels_last) {
    (void)call, (void)dtype, (void)channels_last;
    return 0;
}

static glia_status inference(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_norm_arrays arrays = gli_cuda_norm_arrays(call, v, channels_last);
    GLI_CUDA_TRY(call->ctx, gli_kernel_batchnorm_inference(call->geom, &arrays, v->in[GLI_INFERENCE_MEAN],
                                                           v->in[GLI_INFERENCE_VAR], v->stream));
    return GLIA_OK;
}

static size_t workspace_backward(const gli_call *call, glia_dtype dtype, bool channels_last) {
    return gli_kernel_batchnorm_workspace(call->geom, dtype, channels_last);
}

static glia_status inference_backward(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_norm_backward_arrays arrays = gli_cuda_norm_backward_arrays(call, v, channels_last);
    GLI_CUDA_TRY(call->ctx, gli_kernel_batchnorm_inference_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_CHANNEL_PROVIDERS(batchnorm_inference, inference, no_workspace, 1, 1);
GLI_CUDA_CHANNEL_PROVIDERS(batchnorm_inference_backward, inference_backward, workspace_backward, 3, 1);
