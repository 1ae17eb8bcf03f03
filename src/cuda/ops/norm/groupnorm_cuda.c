#include "kernels/norm/groupnorm_launch.h"

#include "core/provider.h"
#include "cuda/ops/channels_last.h"
#include "cuda/ops/norm/norm_view.h"

static size_t workspace(const gli_call *call, glia_dtype dtype, bool channels_last) {
    return gli_kernel_groupnorm_workspace(call->geom, dtype, channels_last);
}

static glia_status groupnorm(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_norm_arrays arrays = gli_cuda_norm_arrays(call, v, channels_last);
    GLI_CUDA_TRY(call->ctx, gli_kernel_groupnorm(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

static glia_status groupnorm_backward(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_norm_backward_arrays arrays = gli_cuda_norm_backward_arrays(call, v, channels_last);
    GLI_CUDA_TRY(call->ctx, gli_kernel_groupnorm_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_CHANNEL_PROVIDERS(groupnorm, groupnorm, workspace, 1, 1);
GLI_CUDA_CHANNEL_PROVIDERS(groupnorm_backward, groupnorm_backward, workspace, 3, 1);
