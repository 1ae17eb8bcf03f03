#include "kernels/movement/one_hot_launch.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cuda/ops/dense_view.h"
#include "ops/movement/one_hot_geom.h"

static glia_status one_hot(const gli_call *call, const gli_cuda_view *v) {
    const gli_one_hot_geom *g = call->geom;
    const glia_dtype dtype    = call->out[0]->dtype;
    gli_one_hot_args args     = {.count   = g->count,
                                 .classes = g->classes,
                                 .size    = glia_dtype_size(dtype),
                                 .indices = {v->in[GLI_ONE_HOT_INDICES], call->in[GLI_ONE_HOT_INDICES]->dtype},
                                 .y       = v->out[0]};
    gli_store(dtype, &args.on, 0, g->on);
    gli_store(dtype, &args.off, 0, g->off);
    GLI_CUDA_TRY(call->ctx, gli_kernel_one_hot(&args, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(one_hot, .run = one_hot, .typed_in = 1 << GLI_ONE_HOT_INDICES, .typed_out = 1);
