#include "kernels/reduce/argmax_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"
#include "ops/reduce/argmax_geom.h"

static glia_status argmax(const gli_call *call, const gli_cuda_view *v) {
    const gli_argmax_geom *g = call->geom;
    GLI_CUDA_TRY(call->ctx, gli_kernel_argmax(v->dtype, g->outer, g->length, g->inner, v->in[0], v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(argmax, .run = argmax);
