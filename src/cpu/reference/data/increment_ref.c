#include "ops/data/increment_geom.h"

#include "core/provider.h"

/* In integers: a double cannot represent every i64. */
static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_increment_geom *g = call->geom;
    const glia_tensor *x = call->in[GLI_INCREMENT_X], *y = call->out[0];
    for (int i = 0; i < g->count; ++i)
        ((int64_t *)y->data)[i * y->stride[0]] =
            (int64_t)((uint64_t)((const int64_t *)x->data)[i * x->stride[0]] + (uint64_t)g->by[i]);
    return GLIA_OK;
}

const gli_provider gli_increment_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};
