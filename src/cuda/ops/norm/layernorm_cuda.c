#include "kernels/norm/layernorm_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"
#include "ops/norm/layernorm_geom.h"

static glia_status layernorm(const gli_call *call, const gli_cuda_view *v) {
    const gli_layernorm_geom *g  = call->geom;
    const gli_layernorm_arrays a = {.x      = v->in[GLI_NORM_X],
                                    .weight = v->in[GLI_NORM_WEIGHT],
                                    .bias   = v->in[GLI_NORM_BIAS],
                                    .y      = v->out[GLI_NORM_Y],
                                    .mean   = v->out[GLI_NORM_MEAN],
                                    .rstd   = v->out[GLI_NORM_RSTD]};
    if (g->rows == 0) return GLIA_OK;
    GLI_CUDA_TRY(call->ctx, gli_kernel_layernorm(v->dtype, g->rows, g->size, g->epsilon, &a, v->stream));
    return GLIA_OK;
}

static size_t workspace_backward(const gli_call *call, glia_dtype dtype) {
    const gli_layernorm_geom *g = call->geom;
    if (!call->out[GLI_NORM_BACK_DWEIGHT] && !call->out[GLI_NORM_BACK_DBIAS]) return 0;
    return gli_kernel_layernorm_backward_workspace(dtype, g->rows, g->size);
}

static glia_status layernorm_backward(const gli_call *call, const gli_cuda_view *v) {
    const gli_layernorm_geom *g           = call->geom;
    const gli_layernorm_backward_arrays a = {.x       = v->in[GLI_NORM_BACK_X],
                                             .dy      = v->in[GLI_NORM_BACK_DY],
                                             .weight  = v->in[GLI_NORM_BACK_WEIGHT],
                                             .mean    = v->in[GLI_NORM_BACK_MEAN],
                                             .rstd    = v->in[GLI_NORM_BACK_RSTD],
                                             .dx      = v->out[GLI_NORM_BACK_DX],
                                             .dweight = v->out[GLI_NORM_BACK_DWEIGHT],
                                             .dbias   = v->out[GLI_NORM_BACK_DBIAS]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_layernorm_backward(v->dtype, g->rows, g->size, &a, v->workspace, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(layernorm, .run = layernorm);
GLI_CUDA_PROVIDER(layernorm_backward, .run = layernorm_backward, .workspace = workspace_backward);
