#include "cuda/ops/strided_move.h"
#include "ops/movement/transpose_geom.h"

static glia_status transpose(const glia_call *call) {
    const glia_transpose_geom *g = call->geom;
    const glia_tensor *x         = call->in[TRANSPOSE_X];
    glia_copy_geom copy          = glia_cuda_copy_geom(call->out[0], x, call->out[0]);
    for (int d = 0; d < g->ndim; ++d) copy.from.stride[d] = x->stride[g->permutation[d]];
    return glia_cuda_copy(call, &copy);
}

GLIA_CUDA_MOVE_PROVIDER(transpose, transpose);
