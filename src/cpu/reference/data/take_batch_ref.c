#include "ops/data/take_batch_geom.h"

#include "core/provider.h"
#include "cpu/index_range.h"
#include "cpu/reference/ref_move.h"

static glia_status check(const gli_call *call) {
    const gli_take_batch_geom *g = call->geom;
    const int64_t position       = gli_index_load(call->in[GLI_TAKE_BATCH_POSITION], 0);
    GLI_REQUIRE(call->ctx, position >= 0 && position <= g->length - g->batch, GLIA_INVALID_ARGUMENT,
                "%s: %d samples from position %lld of an order of %d", call->op->name, g->batch, (long long)position,
                g->length);
    return gli_index_check(call, GLI_TAKE_BATCH_ORDER, (gli_index_range){.low = 0, .high = g->samples});
}

static gli_origin from(const gli_call *call, const int64_t *index) {
    const gli_take_batch_geom *g = call->geom;
    const glia_tensor *samples = call->in[GLI_TAKE_BATCH_SAMPLES], *order = call->in[GLI_TAKE_BATCH_ORDER];
    const int64_t position       = gli_index_load(call->in[GLI_TAKE_BATCH_POSITION], 0);
    int64_t found[GLIA_MAX_DIMS] = {gli_index_load(order, position + index[0])};
    for (int i = 1; i < samples->ndim; ++i) found[i] = index[i];
    const int64_t element = gli_ravel_index(samples, found);
    if (g->parts == 0) return (gli_origin){GLI_TAKE_BATCH_SAMPLES, element};
    const int64_t part  = element % g->elements / (g->elements / g->parts);
    const uint8_t value = ((const uint8_t *)samples->data)[gli_element_offset(samples, element)];
    return (gli_origin){GLI_TAKE_BATCH_TABLE, part * (UINT8_MAX + 1) + value};
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    GLI_TRY(check(call));
    return gli_ref_move(call, 0, from);
}

const gli_provider gli_take_batch_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};
