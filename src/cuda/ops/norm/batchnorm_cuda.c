#include "kernels/norm/batchnorm_launch.h"

#include "cuda/ops/channels_last.h"
#include "ops/norm/batchnorm_geom.h"

static glia_channels shape_of(const glia_call *call, bool channels_last) {
    const glia_batchnorm_geom *g = call->geom;
    return (glia_channels){.n = g->n, .c = g->c, .area = g->area, .channels_last = channels_last};
}

static size_t workspace(const glia_call *call, glia_dtype dtype, bool channels_last) {
    const glia_channels shape = shape_of(call, channels_last);
    return glia_kernel_batchnorm_workspace(dtype, &shape);
}

static size_t no_workspace(const glia_call *call, glia_dtype dtype, bool channels_last) {
    (void)call, (void)dtype, (void)channels_last;
    return 0;
}

static glia_status batchnorm(const glia_call *call, const glia_cuda_view *v, bool channels_last) {
    const glia_batchnorm_geom *g         = call->geom;
    const glia_channels shape            = shape_of(call, channels_last);
    const glia_batchnorm_arrays a        = {.x                = v->in[NORM_X],
                                            .weight           = v->in[NORM_WEIGHT],
                                            .bias             = v->in[NORM_BIAS],
                                            .running_mean     = v->in[BATCHNORM_RUNNING_MEAN],
                                            .running_var      = v->in[BATCHNORM_RUNNING_VAR],
                                            .residual         = v->in[BATCHNORM_RESIDUAL],
                                            .y                = v->out[NORM_Y],
                                            .mean             = v->out[NORM_MEAN],
                                            .rstd             = v->out[NORM_RSTD],
                                            .new_running_mean = v->out[BATCHNORM_NEW_RUNNING_MEAN],
                                            .new_running_var  = v->out[BATCHNORM_NEW_RUNNING_VAR]};
    const glia_batchnorm_numbers numbers = {
        .epsilon = g->epsilon, .momentum = g->momentum, .population = g->population, .activation = g->activation};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_batchnorm(v->dtype, &shape, &numbers, &a, v->workspace, v->stream));
    return GLIA_OK;
}

/* Of batchnorm_inference the input behind the mean is the variance. */
static glia_batchnorm_backward_arrays backward_arrays(const glia_cuda_view *v) {
    return (glia_batchnorm_backward_arrays){.x       = v->in[NORM_BACK_X],
                                            .dy      = v->in[NORM_BACK_DY],
                                            .weight  = v->in[NORM_BACK_WEIGHT],
                                            .mean    = v->in[NORM_BACK_MEAN],
                                            .rstd    = v->in[NORM_BACK_RSTD],
                                            .dx      = v->out[NORM_BACK_DX],
                                            .dweight = v->out[NORM_BACK_DWEIGHT],
                                            .dbias   = v->out[NORM_BACK_DBIAS]};
}

static glia_status batchnorm_backward(const glia_call *call, const glia_cuda_view *v, bool channels_last) {
    const glia_channels shape              = shape_of(call, channels_last);
    const glia_batchnorm_backward_arrays a = backward_arrays(v);
    GLIA_CUDA_TRY(call->ctx, glia_kernel_batchnorm_backward(v->dtype, &shape, &a, v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status inference(const glia_call *call, const glia_cuda_view *v, bool channels_last) {
    const glia_batchnorm_geom *g = call->geom;
    const glia_channels shape    = shape_of(call, channels_last);
    const void *const vectors[]  = {v->in[NORM_WEIGHT], v->in[NORM_BIAS], v->in[INFERENCE_MEAN], v->in[INFERENCE_VAR]};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_batchnorm_inference(v->dtype, &shape, g->epsilon, v->in[NORM_X], vectors,
                                                             v->out[NORM_Y], v->stream));
    return GLIA_OK;
}

static glia_status inference_backward(const glia_call *call, const glia_cuda_view *v, bool channels_last) {
    const glia_batchnorm_geom *g           = call->geom;
    const glia_channels shape              = shape_of(call, channels_last);
    const glia_batchnorm_backward_arrays a = backward_arrays(v);
    GLIA_CUDA_TRY(call->ctx,
                  glia_kernel_batchnorm_inference_backward(v->dtype, &shape, g->epsilon, &a, v->workspace, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_CHANNEL_PROVIDERS(batchnorm, batchnorm, workspace, 1 | 1 << BATCHNORM_RESIDUAL);
GLIA_CUDA_CHANNEL_PROVIDERS(batchnorm_backward, batchnorm_backward, workspace, 3);
GLIA_CUDA_CHANNEL_PROVIDERS(batchnorm_inference, inference, no_workspace, 1);
GLIA_CUDA_CHANNEL_PROVIDERS(batchnorm_inference_backward, inference_backward, workspace, 3);
