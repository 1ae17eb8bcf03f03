#include "ops/movement/pad_geom.h"

#include "cpu/reference/ref_move.h"

static glia_origin from(const glia_call *call, const int64_t *index) {
    const glia_pad_geom *g      = call->geom;
    int64_t of_x[GLIA_MAX_DIMS] = {0};
    for (int i = 0; i < g->ndim; ++i) {
        of_x[i] = index[i] - g->before[i];
        if (of_x[i] < 0 || of_x[i] >= g->size[i]) return (glia_origin){.input = -1};
    }
    return (glia_origin){PAD_X, glia_element_at(call->in[PAD_X], of_x)};
}

static glia_status run(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    return glia_ref_move(call, ((const glia_pad_geom *)call->geom)->value, from);
}

const glia_provider glia_pad_ref = {.name = "cpu.ref", .run = run};
