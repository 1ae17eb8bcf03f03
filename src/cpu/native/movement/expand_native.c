#include "ops/movement/expand_geom.h"

#include "core/provider.h"
#include "cpu/native/strided_copy.h"

/* x with strides of 0 where it is repeated. */
static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_expand_geom *g = call->geom;
    const glia_tensor *x     = call->in[GLI_EXPAND_X];
    glia_tensor repeated     = *call->out[0];
    repeated.data            = x->data;
    for (int i = 0; i < g->ndim; ++i) repeated.stride[i] = g->repeated[i] ? 0 : x->stride[i - g->added];
    gli_copy_tensor(call->ctx, &repeated, call->out[0]);
    return GLIA_OK;
}

const gli_provider gli_expand_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_ALL, .run = run};
