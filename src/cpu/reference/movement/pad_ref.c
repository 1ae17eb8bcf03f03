#include "ops/movement/pad_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref_move.h"

static gli_origin from(const gli_call *call, const int64_t *index) {
    const gli_pad_geom *g       = call->geom;
    int64_t of_x[GLIA_MAX_DIMS] = {0};
    for (int i = 0; i < g->ndim; ++i) {
        of_x[i] = index[i] - g->before[i];
        if (of_x[i] < 0 || of_x[i] >= g->size[i]) return (gli_origin){.input = -1};
    }
    return (gli_origin){GLI_PAD_X, gli_ravel_index(call->in[GLI_PAD_X], of_x)};
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    return gli_ref_move(call, ((const gli_pad_geom *)call->geom)->value, from);
}

const gli_provider gli_pad_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};
