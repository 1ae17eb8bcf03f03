#include "kernels/movement/concat_launch.h"

#include "cuda/ops/strided_move.h"
#include "ops/movement/concat_geom.h"

static glia_status concat(const glia_call *call) {
    const glia_concat_geom *g = call->geom;
    const glia_tensor *y      = call->out[0];
    glia_copy_geom part[GLIA_MAX_IN];
    for (int i = 0; i < g->n; ++i) {
        part[i]         = glia_cuda_copy_geom(call->in[i], call->in[i], y);
        part[i].to.data = glia_cuda_element(&part[i].to, g->start[i] * y->stride[g->axis]);
    }
    GLIA_CUDA_TRY(call->ctx, glia_kernel_concat(part, g->n, call->stream));
    return GLIA_OK;
}

GLIA_CUDA_MOVE_PROVIDER(concat, concat);
