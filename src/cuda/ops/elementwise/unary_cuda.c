#include "kernels/elementwise/unary_launch.h"

#include "cuda/ops/dense_view.h"
#include "ops/elementwise/unary_geom.h"

static glia_status unary(const glia_call *call, const glia_cuda_view *v) {
    const glia_unary_geom *g = call->geom;
    GLIA_CUDA_TRY(call->ctx, glia_kernel_unary(v->dtype, g->kind, g->alpha, g->beta, v->in[UNARY_X], v->out[0],
                                               g->count, v->stream));
    return GLIA_OK;
}

static glia_status unary_backward(const glia_call *call, const glia_cuda_view *v) {
    const glia_unary_geom *g = call->geom;
    const void *source       = g->from == GLIA_FROM_X   ? v->in[UNARY_BACKWARD_X]
                               : g->from == GLIA_FROM_Y ? v->in[UNARY_BACKWARD_Y]
                                                        : NULL;
    GLIA_CUDA_TRY(call->ctx,
                  glia_kernel_unary_backward(v->dtype, g->kind, g->alpha, g->beta, g->from == GLIA_FROM_Y, source,
                                             v->in[UNARY_BACKWARD_DY], v->out[0], g->count, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(unary, .run = unary, .flat = true);
GLIA_CUDA_PROVIDER(unary_backward, .run = unary_backward, .flat = true);
