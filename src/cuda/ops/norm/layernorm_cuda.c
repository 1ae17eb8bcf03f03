#include "kernels/norm/layernorm_launch.h"

#include "core/provider.h"
#include "cuda/ops/norm/norm_view.h"

static glia_status layernorm(const gli_call *call, const gli_cuda_view *v) {
    const gli_layernorm_geom *g  = call->geom;
    const gli_norm_arrays arrays = gli_cuda_norm_arrays(call, v, false);
    if (g->rows == 0) return GLIA_OK;
    GLI_CUDA_TRY(call->ctx, gli_kernel_layernorm(g, &arrays, v->stream));
    return GLIA_OK;
}

static size_t workspace_backward(const gli_call *call, glia_dtype dtype) {
    if (!call->out[GLI_NORM_BACK_DWEIGHT] && !call->out[GLI_NORM_BACK_DBIAS]) return 0;
    return gli_kernel_layernorm_backward_workspace(call->geom, dtype);
}

static glia_status layernorm_backward(const gli_call *call, const gli_cuda_view *v) {
    const gli_norm_backward_arrays arrays = gli_cuda_norm_backward_arrays(call, v, false);
    GLI_CUDA_TRY(call->ctx, gli_kernel_layernorm_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(layernorm, .run = layernorm);
GLI_CUDA_PROVIDER(layernorm_backward, .run = layernorm_backward, .workspace = workspace_backward);
