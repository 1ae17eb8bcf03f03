#include "cuda/ops/loss/cross_entropy_arrays.h"

#include "core/provider.h"
#include "cuda/device/index_error.h"

static glia_status arrays_of(const gli_call *call, const gli_cuda_view *v, gli_cross_entropy_arrays *out) {
    *out = (gli_cross_entropy_arrays){.dtype     = v->dtype,
                                      .x         = v->in[GLI_CROSS_ENTROPY_X],
                                      .weight    = v->in[GLI_CROSS_ENTROPY_WEIGHT],
                                      .dy        = v->in[GLI_CROSS_ENTROPY_DY],
                                      .workspace = v->workspace};
    if (((const gli_cross_entropy_geom *)call->geom)->dense) {
        out->probabilities = v->in[GLI_CROSS_ENTROPY_TARGET];
        return GLIA_OK;
    }
    out->target = (gli_indices){v->in[GLI_CROSS_ENTROPY_TARGET], call->in[GLI_CROSS_ENTROPY_TARGET]->dtype};
    return gli_cuda_index_slot(call, GLI_CROSS_ENTROPY_TARGET, &out->slot);
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLI_CROSS_ENTROPY_WORKSPACE;
}

static size_t backward_workspace(const gli_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLI_CROSS_ENTROPY_BACKWARD_WORKSPACE;
}

static glia_status cross_entropy(const gli_call *call, const gli_cuda_view *v) {
    gli_cross_entropy_arrays arrays;
    GLI_TRY(arrays_of(call, v, &arrays));
    arrays.y = v->out[0];
    GLI_CUDA_TRY(call->ctx, gli_kernel_cross_entropy(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

glia_status gli_cuda_cross_entropy_backward_arrays(const gli_call *call, const gli_cuda_view *v,
                                                   gli_cross_entropy_arrays *out) {
    GLI_TRY(arrays_of(call, v, out));
    out->y  = v->out[GLI_CROSS_ENTROPY_BACK_Y];
    out->dx = v->out[GLI_CROSS_ENTROPY_BACK_DX];
    return GLIA_OK;
}

static glia_status cross_entropy_backward(const gli_call *call, const gli_cuda_view *v) {
    gli_cross_entropy_arrays arrays;
    GLI_TRY(gli_cuda_cross_entropy_backward_arrays(call, v, &arrays));
    GLI_CUDA_TRY(call->ctx, gli_kernel_cross_entropy_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(cross_entropy, .run = cross_entropy, .typed_in = 1 << GLI_CROSS_ENTROPY_TARGET,
                  .workspace = workspace);
GLI_CUDA_PROVIDER(cross_entropy_backward, .run = cross_entropy_backward, .typed_in = 1 << GLI_CROSS_ENTROPY_TARGET,
                  .workspace = backward_workspace);
const gli_cuda_kernel *const gli_cuda_cross_entropy_backward_kernel = &cross_entropy_backward_portable_kernel;
