#include "kernels/norm/layernorm_launch.h"

#include "cuda/ops/dense_view.h"
#include "ops/norm/layernorm_geom.h"

static glia_status layernorm(const glia_call *call, const glia_cuda_view *v) {
    const glia_layernorm_geom *g  = call->geom;
    const glia_layernorm_arrays a = {.x      = v->in[NORM_X],
                                     .weight = v->in[NORM_WEIGHT],
                                     .bias   = v->in[NORM_BIAS],
                                     .y      = v->out[NORM_Y],
                                     .mean   = v->out[NORM_MEAN],
                                     .rstd   = v->out[NORM_RSTD]};
    if (g->rows == 0) return GLIA_OK;
    GLIA_CUDA_TRY(call->ctx, glia_kernel_layernorm(v->dtype, g->rows, g->size, g->epsilon, &a, v->stream));
    return GLIA_OK;
}

static size_t workspace_backward(const glia_call *call, glia_dtype dtype) {
    const glia_layernorm_geom *g = call->geom;
    if (!call->out[NORM_BACK_DWEIGHT] && !call->out[NORM_BACK_DBIAS]) return 0;
    return glia_kernel_layernorm_backward_workspace(dtype, g->rows, g->size);
}

static glia_status layernorm_backward(const glia_call *call, const glia_cuda_view *v) {
    const glia_layernorm_geom *g           = call->geom;
    const glia_layernorm_backward_arrays a = {.x       = v->in[NORM_BACK_X],
                                              .dy      = v->in[NORM_BACK_DY],
                                              .weight  = v->in[NORM_BACK_WEIGHT],
                                              .mean    = v->in[NORM_BACK_MEAN],
                                              .rstd    = v->in[NORM_BACK_RSTD],
                                              .dx      = v->out[NORM_BACK_DX],
                                              .dweight = v->out[NORM_BACK_DWEIGHT],
                                              .dbias   = v->out[NORM_BACK_DBIAS]};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_layernorm_backward(v->dtype, g->rows, g->size, &a, v->workspace, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(layernorm, .run = layernorm);
GLIA_CUDA_PROVIDER(layernorm_backward, .run = layernorm_backward, .workspace = workspace_backward);
