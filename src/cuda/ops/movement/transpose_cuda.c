#include "core/provider.h"
#include "cuda/ops/strided_move.h"
#include "ops/movement/transpose_geom.h"

static glia_status transpose(const gli_call *call) {
    const gli_transpose_geom *g = call->geom;
    const glia_tensor *x        = call->in[GLI_TRANSPOSE_X];
    gli_copy_geom copy          = gli_cuda_copy_geom(call->out[0], x, call->out[0]);
    for (int d = 0; d < g->ndim; ++d) copy.from.stride[d] = x->stride[g->permutation[d]];
    return gli_cuda_copy(call, &copy);
}

GLI_CUDA_MOVE_PROVIDER(transpose, transpose);
