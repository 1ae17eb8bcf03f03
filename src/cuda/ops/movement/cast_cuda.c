#include "cuda/ops/strided_move.h"
#include "ops/movement/cast_geom.h"

static glia_status cast(const glia_call *call) {
    const glia_copy_geom copy = glia_cuda_copy_geom(call->out[0], call->in[CAST_X], call->out[0]);
    return glia_cuda_copy(call, &copy);
}

GLIA_CUDA_MOVE_PROVIDER(cast, cast);
