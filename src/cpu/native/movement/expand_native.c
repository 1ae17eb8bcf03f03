#include "ops/movement/expand_geom.h"

#include "cpu/native/strided_copy.h"

/* x with strides of 0 where it is repeated. */
static glia_status run(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const glia_expand_geom *g = call->geom;
    const glia_tensor *x      = call->in[EXPAND_X];
    glia_tensor repeated      = *call->out[0];
    repeated.data             = x->data;
    for (int i = 0; i < g->ndim; ++i) repeated.stride[i] = g->repeated[i] ? 0 : x->stride[i - g->added];
    glia_copy_tensor(call->ctx, &repeated, call->out[0]);
    return GLIA_OK;
}

const glia_provider glia_expand_native = {.name = "cpu.native", .run = run};
