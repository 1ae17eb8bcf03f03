#include "kernels/softmax/softmax_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static bool empty(const gli_softmax_geom *g) { return g->outer == 0 || g->length == 0 || g->inner == 0; }

static glia_status softmax(const gli_call *call, const gli_cuda_view *v) {
    if (empty(call->geom)) return GLIA_OK;
    GLI_CUDA_TRY(call->ctx, gli_kernel_softmax(call->geom, v->dtype, v->in[GLI_SOFTMAX_X], v->out[0], v->stream));
    return GLIA_OK;
}

static glia_status softmax_backward(const gli_call *call, const gli_cuda_view *v) {
    if (empty(call->geom)) return GLIA_OK;
    GLI_CUDA_TRY(call->ctx, gli_kernel_softmax_backward(call->geom, v->dtype, v->in[GLI_SOFTMAX_BACKWARD_Y],
                                                        v->in[GLI_SOFTMAX_BACKWARD_DY], v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(softmax, .run = softmax);
GLI_CUDA_PROVIDER(softmax_backward, .run = softmax_backward);
