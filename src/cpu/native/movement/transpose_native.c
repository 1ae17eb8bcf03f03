#include "ops/movement/transpose_geom.h"

#include "core/provider.h"
#include "cpu/native/strided_copy.h"

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_transpose_geom *g = call->geom;
    const glia_tensor *x        = call->in[GLI_TRANSPOSE_X];
    glia_tensor permuted        = *x;
    for (int i = 0; i < g->ndim; ++i) {
        permuted.dim[i]    = x->dim[g->permutation[i]];
        permuted.stride[i] = x->stride[g->permutation[i]];
    }
    gli_copy_tensor(call->ctx, &permuted, call->out[0]);
    return GLIA_OK;
}

const gli_provider gli_transpose_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_ALL, .run = run};
