#include "kernels/loss/cross_entropy_launch.h"

#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"
#include "ops/loss/cross_entropy_geom.h"

static glia_status args_of(const glia_call *call, const glia_cuda_view *v, glia_cross_entropy_args *args) {
    const glia_cross_entropy_geom *g = call->geom;
    *args                            = (glia_cross_entropy_args){.dtype           = v->dtype,
                                                                 .n               = g->n,
                                                                 .classes         = g->classes,
                                                                 .inner           = g->inner,
                                                                 .from            = g->from,
                                                                 .reduction       = g->reduction,
                                                                 .ignore          = g->ignore,
                                                                 .ignore_index    = g->ignore_index,
                                                                 .label_smoothing = g->label_smoothing,
                                                                 .epsilon         = CROSS_ENTROPY_EPSILON,
                                                                 .x               = v->in[CROSS_ENTROPY_X],
                                                                 .weight          = v->in[CROSS_ENTROPY_WEIGHT],
                                                                 .dy              = v->in[CROSS_ENTROPY_DY],
                                                                 .out             = v->out[0],
                                                                 .workspace       = v->workspace};
    if (g->dense) {
        args->probabilities = v->in[CROSS_ENTROPY_TARGET];
        return GLIA_OK;
    }
    args->target = (glia_indices){v->in[CROSS_ENTROPY_TARGET], call->in[CROSS_ENTROPY_TARGET]->dtype};
    return glia_cuda_index_slot(call, CROSS_ENTROPY_TARGET, &args->bad);
}

static size_t workspace(const glia_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLIA_CROSS_ENTROPY_WORKSPACE;
}

static glia_status cross_entropy(const glia_call *call, const glia_cuda_view *v) {
    glia_cross_entropy_args args;
    GLIA_TRY(args_of(call, v, &args));
    GLIA_CUDA_TRY(call->ctx, glia_kernel_cross_entropy(&args, v->stream));
    return GLIA_OK;
}

static glia_status cross_entropy_backward(const glia_call *call, const glia_cuda_view *v) {
    glia_cross_entropy_args args;
    GLIA_TRY(args_of(call, v, &args));
    GLIA_CUDA_TRY(call->ctx, glia_kernel_cross_entropy_backward(&args, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(cross_entropy, .run = cross_entropy, .typed_in = 1 << CROSS_ENTROPY_TARGET, .workspace = workspace);
GLIA_CUDA_PROVIDER(cross_entropy_backward, .run = cross_entropy_backward, .typed_in = 1 << CROSS_ENTROPY_TARGET,
                   .workspace = workspace);
