#include "core/provider.h"
#include "cuda/ops/strided_move.h"
#include "ops/movement/cast_geom.h"

static glia_status cast(const gli_call *call) {
    const gli_copy_geom copy = gli_cuda_copy_geom(call->out[0], call->in[GLI_CAST_X], call->out[0]);
    return gli_cuda_copy(call, &copy);
}

GLI_CUDA_MOVE_PROVIDER(cast, cast);
