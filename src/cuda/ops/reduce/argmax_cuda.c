#include "kernels/reduce/argmax_launch.h"

#include "cuda/ops/dense_view.h"
#include "ops/reduce/argmax_geom.h"

static glia_status argmax(const glia_call *call, const glia_cuda_view *v) {
    const glia_argmax_geom *g = call->geom;
    GLIA_CUDA_TRY(call->ctx,
                  glia_kernel_argmax(v->dtype, g->outer, g->length, g->inner, v->in[0], v->out[0], v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(argmax, .run = argmax);
