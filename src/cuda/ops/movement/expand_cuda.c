#include "cuda/ops/strided_move.h"
#include "ops/movement/expand_geom.h"

static glia_status expand(const glia_call *call) {
    const glia_expand_geom *g = call->geom;
    const glia_tensor *x      = call->in[EXPAND_X];
    glia_copy_geom copy       = glia_cuda_copy_geom(call->out[0], x, call->out[0]);
    for (int d = 0; d < g->ndim; ++d) copy.from.stride[d] = g->repeated[d] ? 0 : x->stride[d - g->added];
    return glia_cuda_copy(call, &copy);
}

GLIA_CUDA_MOVE_PROVIDER(expand, expand);
