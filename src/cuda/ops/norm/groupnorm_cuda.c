#include "kernels/norm/groupnorm_launch.h"

#include "cuda/ops/channels_last.h"
#include "ops/norm/groupnorm_geom.h"

static glia_groups shape_of(const glia_call *call, bool channels_last) {
    const glia_groupnorm_geom *g = call->geom;
    return (glia_groups){.n = g->n, .c = g->c, .area = g->area, .groups = g->groups, .channels_last = channels_last};
}

static size_t workspace(const glia_call *call, glia_dtype dtype, bool channels_last) {
    const glia_groups shape = shape_of(call, channels_last);
    return glia_kernel_groupnorm_workspace(dtype, &shape);
}

static glia_status groupnorm(const glia_call *call, const glia_cuda_view *v, bool channels_last) {
    const glia_groupnorm_geom *g  = call->geom;
    const glia_groups shape       = shape_of(call, channels_last);
    const glia_groupnorm_arrays a = {.x      = v->in[NORM_X],
                                     .weight = v->in[NORM_WEIGHT],
                                     .bias   = v->in[NORM_BIAS],
                                     .y      = v->out[NORM_Y],
                                     .mean   = v->out[NORM_MEAN],
                                     .rstd   = v->out[NORM_RSTD]};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_groupnorm(v->dtype, &shape, g->epsilon, &a, v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status groupnorm_backward(const glia_call *call, const glia_cuda_view *v, bool channels_last) {
    const glia_groups shape                = shape_of(call, channels_last);
    const glia_groupnorm_backward_arrays a = {.x       = v->in[NORM_BACK_X],
                                              .dy      = v->in[NORM_BACK_DY],
                                              .weight  = v->in[NORM_BACK_WEIGHT],
                                              .mean    = v->in[NORM_BACK_MEAN],
                                              .rstd    = v->in[NORM_BACK_RSTD],
                                              .dx      = v->out[NORM_BACK_DX],
                                              .dweight = v->out[NORM_BACK_DWEIGHT],
                                              .dbias   = v->out[NORM_BACK_DBIAS]};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_groupnorm_backward(v->dtype, &shape, &a, v->workspace, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_CHANNEL_PROVIDERS(groupnorm, groupnorm, workspace, 1);
GLIA_CUDA_CHANNEL_PROVIDERS(groupnorm_backward, groupnorm_backward, workspace, 3);
