#include "kernels/movement/concat_launch.h"

#include "core/provider.h"
#include "cuda/ops/strided_move.h"
#include "ops/movement/concat_geom.h"

static glia_status concat(const gli_call *call) {
    const gli_concat_geom *g = call->geom;
    const glia_tensor *y     = call->out[0];
    gli_copy_geom part[GLI_MAX_IN];
    for (int i = 0; i < g->n; ++i) {
        part[i]         = gli_cuda_copy_geom(call->in[i], call->in[i], y);
        part[i].to.data = gli_cuda_element(&part[i].to, g->start[i] * y->stride[g->axis]);
    }
    GLI_CUDA_TRY(call->ctx, gli_kernel_concat(part, g->n, call->stream));
    return GLIA_OK;
}

GLI_CUDA_MOVE_PROVIDER(concat, concat);
