#include "kernels/movement/one_hot_launch.h"

#include "core/dtype.h"
#include "cuda/ops/dense_view.h"
#include "ops/movement/one_hot_geom.h"

static glia_status one_hot(const glia_call *call, const glia_cuda_view *v) {
    const glia_one_hot_geom *g = call->geom;
    const glia_dtype dtype     = call->out[0]->dtype;
    glia_one_hot_args args     = {.count   = g->count,
                                  .classes = g->classes,
                                  .size    = glia_dtype_size(dtype),
                                  .indices = {v->in[ONE_HOT_INDICES], call->in[ONE_HOT_INDICES]->dtype},
                                  .y       = v->out[0]};
    glia_store(dtype, &args.on, 0, g->on);
    glia_store(dtype, &args.off, 0, g->off);
    GLIA_CUDA_TRY(call->ctx, glia_kernel_one_hot(&args, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(one_hot, .run = one_hot, .typed_in = 1 << ONE_HOT_INDICES, .typed_out = 1);
