#include "kernels/softmax/softmax_launch.h"

#include "cuda/ops/dense_view.h"
#include "ops/softmax/softmax_geom.h"

static glia_softmax_shape shape_of(const glia_softmax_geom *g) {
    return (glia_softmax_shape){.outer = g->outer, .length = g->length, .inner = g->inner, .log = g->log};
}

static bool empty(const glia_softmax_geom *g) { return g->outer == 0 || g->length == 0 || g->inner == 0; }

static glia_status softmax(const glia_call *call, const glia_cuda_view *v) {
    const glia_softmax_shape shape = shape_of(call->geom);
    if (empty(call->geom)) return GLIA_OK;
    GLIA_CUDA_TRY(call->ctx, glia_kernel_softmax(v->dtype, &shape, v->in[SOFTMAX_X], v->out[0], v->stream));
    return GLIA_OK;
}

static glia_status softmax_backward(const glia_call *call, const glia_cuda_view *v) {
    const glia_softmax_shape shape = shape_of(call->geom);
    if (empty(call->geom)) return GLIA_OK;
    GLIA_CUDA_TRY(call->ctx, glia_kernel_softmax_backward(v->dtype, &shape, v->in[SOFTMAX_BACKWARD_Y],
                                                          v->in[SOFTMAX_BACKWARD_DY], v->out[0], v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(softmax, .run = softmax);
GLIA_CUDA_PROVIDER(softmax_backward, .run = softmax_backward);
