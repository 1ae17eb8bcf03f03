#include "ops/movement/transpose_geom.h"

#include "cpu/native/strided_copy.h"

static glia_status run(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const glia_transpose_geom *g = call->geom;
    const glia_tensor *x         = call->in[TRANSPOSE_X];
    glia_tensor permuted         = *x;
    for (int i = 0; i < g->ndim; ++i) {
        permuted.dim[i]    = x->dim[g->permutation[i]];
        permuted.stride[i] = x->stride[g->permutation[i]];
    }
    glia_copy_tensor(call->ctx, &permuted, call->out[0]);
    return GLIA_OK;
}

const glia_provider glia_transpose_native = {.name = "cpu.native", .run = run};
