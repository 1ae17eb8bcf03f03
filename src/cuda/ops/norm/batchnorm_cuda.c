#include "kernels/norm/batchnorm_launch.h"

#include "core/provider.h"
#include "cuda/ops/channels_last.h"
#include "cuda/ops/norm/norm_view.h"

static size_t workspace(const gli_call *call, glia_dtype dtype, bool channels_last) {
    return gli_kernel_batchnorm_workspace(call->geom, dtype, channels_last);
}

static glia_status batchnorm(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_batchnorm_arrays arrays = {.norm             = gli_cuda_norm_arrays(call, v, channels_last),
                                         .running_mean     = v->in[GLI_BATCHNORM_RUNNING_MEAN],
                                         .running_var      = v->in[GLI_BATCHNORM_RUNNING_VAR],
                                         .residual         = v->in[GLI_BATCHNORM_RESIDUAL],
                                         .new_running_mean = v->out[GLI_BATCHNORM_NEW_RUNNING_MEAN],
                                         .new_running_var  = v->out[GLI_BATCHNORM_NEW_RUNNING_VAR]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_batchnorm(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

static glia_status batchnorm_backward(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    gli_norm_backward_arrays arrays = gli_cuda_norm_backward_arrays(call, v, channels_last);
    arrays.y                        = v->in[GLI_BATCHNORM_BACK_Y];
    arrays.dy2                      = v->in[GLI_BATCHNORM_BACK_DY2];
    arrays.dresidual                = v->out[GLI_BATCHNORM_BACK_DRESIDUAL];
    GLI_CUDA_TRY(call->ctx, gli_kernel_batchnorm_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_CHANNEL_PROVIDERS(batchnorm, batchnorm, workspace, 1 | 1 << GLI_BATCHNORM_RESIDUAL, 1);
GLI_CUDA_CHANNEL_PROVIDERS(batchnorm_backward, batchnorm_backward, workspace,
                           3 | 1 << GLI_BATCHNORM_BACK_Y | 1 << GLI_BATCHNORM_BACK_DY2,
                           1 | 1 << GLI_BATCHNORM_BACK_DRESIDUAL);
