#include "kernels/optimizer/clip_by_norm_launch.h"

#include "cuda/ops/dense_view.h"
#include "ops/optimizer/clip_by_norm_geom.h"

static size_t workspace(const glia_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLIA_CLIP_BY_NORM_WORKSPACE;
}

static glia_status clip_by_norm(const glia_call *call, const glia_cuda_view *v) {
    const glia_clip_by_norm_geom *g   = call->geom;
    const glia_clip_by_norm_args args = {.dtype     = v->dtype,
                                         .count     = g->count,
                                         .max_norm  = g->max_norm,
                                         .epsilon   = CLIP_BY_NORM_EPSILON,
                                         .g         = v->in[CLIP_BY_NORM_G],
                                         .y         = v->out[CLIP_BY_NORM_Y],
                                         .norm      = v->out[CLIP_BY_NORM_NORM],
                                         .workspace = v->workspace};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_clip_by_norm(&args, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(clip_by_norm, .run = clip_by_norm, .flat = true, .typed_out = 1 << CLIP_BY_NORM_NORM,
                   .workspace = workspace);
