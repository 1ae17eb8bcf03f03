#include "core/provider.h"
#include "cpu/index_range.h"
#include "cpu/reference/ref_move.h"
#include "ops/sequence/sequence_geom.h"

static gli_origin from(const gli_call *call, const int64_t *index) {
    const gli_sequence_geom *g = call->geom;
    const int64_t length       = gli_index_load(call->in[GLI_SEQUENCE_LENGTHS], index[1 - g->time]);
    if (index[g->time] >= length) return (gli_origin){.input = -1};
    return (gli_origin){GLI_SEQUENCE_X, gli_ravel_index(call->in[GLI_SEQUENCE_X], index)};
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_sequence_geom *g = call->geom;
    GLI_TRY(gli_index_check(call, GLI_SEQUENCE_LENGTHS, (gli_index_range){.low = 0, .high = (int64_t)g->steps + 1}));
    return gli_ref_move(call, g->value, from);
}

const gli_provider gli_mask_steps_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};
