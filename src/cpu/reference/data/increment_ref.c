#include "cpu/reference/data/increment_ref.h"

#include "ops/data/increment_geom.h"

void gli_ref_increment(const int64_t *by, int count, const glia_tensor *x, const glia_tensor *y) {
    for (int i = 0; i < count; ++i)
        ((int64_t *)y->data)[i * y->stride[0]] =
            (int64_t)((uint64_t)((const int64_t *)x->data)[i * x->stride[0]] + (uint64_t)by[i]);
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_increment_geom *g = call->geom;
    gli_ref_increment(g->by, g->count, call->in[GLI_INCREMENT_X], call->out[0]);
    return GLIA_OK;
}

const gli_provider gli_increment_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};
