#include "kernels/loss/cross_entropy_launch.h"

#include "core/provider.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"
#include "ops/loss/cross_entropy_geom.h"

static glia_status args_of(const gli_call *call, const gli_cuda_view *v, gli_cross_entropy_args *args) {
    const gli_cross_entropy_geom *g = call->geom;
    *args                           = (gli_cross_entropy_args){.dtype           = v->dtype,
                                                               .n               = g->n,
                                                               .classes         = g->classes,
                                                               .inner           = g->inner,
                                                               .from            = g->from,
                                                               .reduction       = g->reduction,
                                                               .ignore          = g->ignore,
                                                               .ignore_index    = g->ignore_index,
                                                               .label_smoothing = g->label_smoothing,
                                                               .epsilon         = GLI_CROSS_ENTROPY_EPSILON,
                                                               .x               = v->in[GLI_CROSS_ENTROPY_X],
                                                               .weight          = v->in[GLI_CROSS_ENTROPY_WEIGHT],
                                                               .dy              = v->in[GLI_CROSS_ENTROPY_DY],
                                                               .out             = v->out[0],
                                                               .workspace       = v->workspace};
    if (g->dense) {
        args->probabilities = v->in[GLI_CROSS_ENTROPY_TARGET];
        return GLIA_OK;
    }
    args->target = (gli_indices){v->in[GLI_CROSS_ENTROPY_TARGET], call->in[GLI_CROSS_ENTROPY_TARGET]->dtype};
    return gli_cuda_index_slot(call, GLI_CROSS_ENTROPY_TARGET, &args->bad);
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLI_CROSS_ENTROPY_WORKSPACE;
}

static glia_status cross_entropy(const gli_call *call, const gli_cuda_view *v) {
    gli_cross_entropy_args args;
    GLI_TRY(args_of(call, v, &args));
    GLI_CUDA_TRY(call->ctx, gli_kernel_cross_entropy(&args, v->stream));
    return GLIA_OK;
}

static glia_status cross_entropy_backward(const gli_call *call, const gli_cuda_view *v) {
    gli_cross_entropy_args args;
    GLI_TRY(args_of(call, v, &args));
    GLI_CUDA_TRY(call->ctx, gli_kernel_cross_entropy_backward(&args, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(cross_entropy, .run = cross_entropy, .typed_in = 1 << GLI_CROSS_ENTROPY_TARGET,
                  .workspace = workspace);
GLI_CUDA_PROVIDER(cross_entropy_backward, .run = cross_entropy_backward, .typed_in = 1 << GLI_CROSS_ENTROPY_TARGET,
                  .workspace = workspace);
