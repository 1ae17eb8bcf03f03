#include "kernels/random/random_fill_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"
#include "ops/random/dropout_geom.h"
#include "ops/random/random_fill_geom.h"

static glia_status dropout(const gli_call *call, const gli_cuda_view *v) {
    const gli_dropout_geom *g   = call->geom;
    const gli_dropout_args args = {.dtype     = v->dtype,
                                   .count     = g->count,
                                   .use       = {.seed = g->seed, .stream = g->stream},
                                   .step      = v->in[GLI_DROPOUT_STEP],
                                   .threshold = g->threshold,
                                   .scale     = g->scale,
                                   .x         = v->in[GLI_DROPOUT_X],
                                   .y         = v->out[0]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_dropout(&args, v->stream));
    return GLIA_OK;
}

static glia_status random_fill(const gli_call *call, const gli_cuda_view *v) {
    const gli_random_fill_geom *g   = call->geom;
    const gli_random_fill_args args = {.dtype  = v->dtype,
                                       .kind   = g->kind,
                                       .count  = g->count,
                                       .use    = {.seed = g->seed, .stream = g->stream},
                                       .offset = g->offset,
                                       .scale  = g->scale,
                                       .y      = v->out[0]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_random_fill(&args, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(dropout, .run = dropout);
GLI_CUDA_PROVIDER(random_fill, .run = random_fill);
