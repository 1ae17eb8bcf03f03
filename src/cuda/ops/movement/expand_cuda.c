#include "core/provider.h"
#include "cuda/ops/strided_move.h"
#include "ops/movement/expand_geom.h"

static glia_status expand(const gli_call *call) {
    const gli_expand_geom *g = call->geom;
    const glia_tensor *x     = call->in[GLI_EXPAND_X];
    gli_copy_geom copy       = gli_cuda_copy_geom(call->out[0], x, call->out[0]);
    for (int d = 0; d < g->ndim; ++d) copy.from.stride[d] = g->repeated[d] ? 0 : x->stride[d - g->added];
    return gli_cuda_copy(call, &copy);
}

GLI_CUDA_MOVE_PROVIDER(expand, expand);
