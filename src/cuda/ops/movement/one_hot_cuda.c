#include "kernels/movement/one_hot_launch.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static glia_status one_hot(const gli_call *call, const gli_cuda_view *v) {
    const gli_one_hot_geom *g = call->geom;
    gli_one_hot_arrays arrays = {.dtype   = call->out[0]->dtype,
                                 .indices = {v->in[GLI_ONE_HOT_INDICES], call->in[GLI_ONE_HOT_INDICES]->dtype},
                                 .y       = v->out[0]};
    gli_store(arrays.dtype, &arrays.on, 0, g->on);
    gli_store(arrays.dtype, &arrays.off, 0, g->off);
    GLI_CUDA_TRY(call->ctx, gli_kernel_one_hot(g, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(one_hot, .run = one_hot, .typed_in = 1 << GLI_ONE_HOT_INDICES, .typed_out = 1);
