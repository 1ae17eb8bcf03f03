#include "kernels/optimizer/clip_by_norm_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLI_CLIP_BY_NORM_WORKSPACE;
}

static glia_status clip_by_norm(const gli_call *call, const gli_cuda_view *v) {
    const gli_clip_by_norm_arrays arrays = {.dtype     = v->dtype,
                                            .g         = v->in[GLI_CLIP_BY_NORM_G],
                                            .y         = v->out[GLI_CLIP_BY_NORM_Y],
                                            .norm      = v->out[GLI_CLIP_BY_NORM_NORM],
                                            .workspace = v->workspace};
    GLI_CUDA_TRY(call->ctx, gli_kernel_clip_by_norm(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(clip_by_norm, .run = clip_by_norm, .flat = true, .typed_out = 1 << GLI_CLIP_BY_NORM_NORM,
                  .workspace = workspace);
