#include "kernels/norm/batchnorm_launch.h"

#include "core/provider.h"
#include "cuda/ops/channels_last.h"
#include "ops/norm/batchnorm_geom.h"

static gli_channels shape_of(const gli_call *call, bool channels_last) {
    const gli_batchnorm_geom *g = call->geom;
    return (gli_channels){.n = g->n, .c = g->c, .area = g->area, .channels_last = channels_last};
}

static size_t workspace(const gli_call *call, glia_dtype dtype, bool channels_last) {
    const gli_channels shape = shape_of(call, channels_last);
    return gli_kernel_batchnorm_workspace(dtype, &shape);
}

static size_t no_workspace(const gli_call *call, glia_dtype dtype, bool channels_last) {
    (void)call, (void)dtype, (void)channels_last;
    return 0;
}

static glia_status batchnorm(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_batchnorm_geom *g         = call->geom;
    const gli_channels shape            = shape_of(call, channels_last);
    const gli_batchnorm_arrays a        = {.x                = v->in[GLI_NORM_X],
                                           .weight           = v->in[GLI_NORM_WEIGHT],
                                           .bias             = v->in[GLI_NORM_BIAS],
                                           .running_mean     = v->in[GLI_BATCHNORM_RUNNING_MEAN],
                                           .running_var      = v->in[GLI_BATCHNORM_RUNNING_VAR],
                                           .residual         = v->in[GLI_BATCHNORM_RESIDUAL],
                                           .y                = v->out[GLI_NORM_Y],
                                           .mean             = v->out[GLI_NORM_MEAN],
                                           .rstd             = v->out[GLI_NORM_RSTD],
                                           .new_running_mean = v->out[GLI_BATCHNORM_NEW_RUNNING_MEAN],
                                           .new_running_var  = v->out[GLI_BATCHNORM_NEW_RUNNING_VAR]};
    const gli_batchnorm_numbers numbers = {
        .epsilon = g->epsilon, .momentum = g->momentum, .population = g->population, .activation = g->activation};
    GLI_CUDA_TRY(call->ctx, gli_kernel_batchnorm(v->dtype, &shape, &numbers, &a, v->workspace, v->stream));
    return GLIA_OK;
}

/* Of batchnorm_inference the input behind the mean is the variance. */
static gli_batchnorm_backward_arrays backward_arrays(const gli_cuda_view *v) {
    return (gli_batchnorm_backward_arrays){.x       = v->in[GLI_NORM_BACK_X],
                                           .dy      = v->in[GLI_NORM_BACK_DY],
                                           .weight  = v->in[GLI_NORM_BACK_WEIGHT],
                                           .mean    = v->in[GLI_NORM_BACK_MEAN],
                                           .rstd    = v->in[GLI_NORM_BACK_RSTD],
                                           .dx      = v->out[GLI_NORM_BACK_DX],
                                           .dweight = v->out[GLI_NORM_BACK_DWEIGHT],
                                           .dbias   = v->out[GLI_NORM_BACK_DBIAS]};
}

static glia_status batchnorm_backward(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_channels shape              = shape_of(call, channels_last);
    const gli_batchnorm_backward_arrays a = backward_arrays(v);
    GLI_CUDA_TRY(call->ctx, gli_kernel_batchnorm_backward(v->dtype, &shape, &a, v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status inference(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_batchnorm_geom *g = call->geom;
    const gli_channels shape    = shape_of(call, channels_last);
    const void *const vectors[] = {v->in[GLI_NORM_WEIGHT], v->in[GLI_NORM_BIAS], v->in[GLI_INFERENCE_MEAN],
                                   v->in[GLI_INFERENCE_VAR]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_batchnorm_inference(v->dtype, &shape, g->epsilon, v->in[GLI_NORM_X], vectors,
                                                           v->out[GLI_NORM_Y], v->stream));
    return GLIA_OK;
}

static glia_status inference_backward(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_batchnorm_geom *g           = call->geom;
    const gli_channels shape              = shape_of(call, channels_last);
    const gli_batchnorm_backward_arrays a = backward_arrays(v);
    GLI_CUDA_TRY(call->ctx,
                 gli_kernel_batchnorm_inference_backward(v->dtype, &shape, g->epsilon, &a, v->workspace, v->stream));
    return GLIA_OK;
}

GLI_CUDA_CHANNEL_PROVIDERS(batchnorm, batchnorm, workspace, 1 | 1 << GLI_BATCHNORM_RESIDUAL);
GLI_CUDA_CHANNEL_PROVIDERS(batchnorm_backward, batchnorm_backward, workspace, 3);
GLI_CUDA_CHANNEL_PROVIDERS(batchnorm_inference, inference, no_workspace, 1);
GLI_CUDA_CHANNEL_PROVIDERS(batchnorm_inference_backward, inference_backward, workspace, 3);
