#include "kernels/norm/groupnorm_launch.h"

#include "core/provider.h"
#include "cuda/ops/channels_last.h"
#include "ops/norm/groupnorm_geom.h"

static gli_groups shape_of(const gli_call *call, bool channels_last) {
    const gli_groupnorm_geom *g = call->geom;
    return (gli_groups){.n = g->n, .c = g->c, .area = g->area, .groups = g->groups, .channels_last = channels_last};
}

static size_t workspace(const gli_call *call, glia_dtype dtype, bool channels_last) {
    const gli_groups shape = shape_of(call, channels_last);
    return gli_kernel_groupnorm_workspace(dtype, &shape);
}

static glia_status groupnorm(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_groupnorm_geom *g  = call->geom;
    const gli_groups shape       = shape_of(call, channels_last);
    const gli_groupnorm_arrays a = {.x      = v->in[GLI_NORM_X],
                                    .weight = v->in[GLI_NORM_WEIGHT],
                                    .bias   = v->in[GLI_NORM_BIAS],
                                    .y      = v->out[GLI_NORM_Y],
                                    .mean   = v->out[GLI_NORM_MEAN],
                                    .rstd   = v->out[GLI_NORM_RSTD]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_groupnorm(v->dtype, &shape, g->epsilon, &a, v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status groupnorm_backward(const gli_call *call, const gli_cuda_view *v, bool channels_last) {
    const gli_groups shape                = shape_of(call, channels_last);
    const gli_groupnorm_backward_arrays a = {.x       = v->in[GLI_NORM_BACK_X],
                                             .dy      = v->in[GLI_NORM_BACK_DY],
                                             .weight  = v->in[GLI_NORM_BACK_WEIGHT],
                                             .mean    = v->in[GLI_NORM_BACK_MEAN],
                                             .rstd    = v->in[GLI_NORM_BACK_RSTD],
                                             .dx      = v->out[GLI_NORM_BACK_DX],
                                             .dweight = v->out[GLI_NORM_BACK_DWEIGHT],
                                             .dbias   = v->out[GLI_NORM_BACK_DBIAS]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_groupnorm_backward(v->dtype, &shape, &a, v->workspace, v->stream));
    return GLIA_OK;
}

GLI_CUDA_CHANNEL_PROVIDERS(groupnorm, groupnorm, workspace, 1);
GLI_CUDA_CHANNEL_PROVIDERS(groupnorm_backward, groupnorm_backward, workspace, 3);
