#include "ops/data/take_batch_geom.h"

#include "cpu/index_range.h"
#include "cpu/reference/ref_move.h"

static glia_status check(const glia_call *call) {
    const glia_take_batch_geom *g = call->geom;
    const int64_t position        = glia_index_load(call->in[TAKE_BATCH_POSITION], 0);
    GLIA_REQUIRE(call->ctx, position >= 0 && position <= g->length - g->batch, GLIA_INVALID_ARGUMENT,
                 "%s: %d samples from position %lld of an order of %d", call->op->name, g->batch, (long long)position,
                 g->length);
    return glia_index_check(call, TAKE_BATCH_ORDER, (glia_index_range){.low = 0, .high = g->samples});
}

static glia_origin from(const glia_call *call, const int64_t *index) {
    const glia_take_batch_geom *g = call->geom;
    const glia_tensor *samples = call->in[TAKE_BATCH_SAMPLES], *order = call->in[TAKE_BATCH_ORDER];
    const int64_t position       = glia_index_load(call->in[TAKE_BATCH_POSITION], 0);
    int64_t found[GLIA_MAX_DIMS] = {glia_index_load(order, position + index[0])};
    for (int i = 1; i < samples->ndim; ++i) found[i] = index[i];
    const int64_t element = glia_element_at(samples, found);
    if (g->parts == 0) return (glia_origin){TAKE_BATCH_SAMPLES, element};
    const int64_t part  = element % g->elements / (g->elements / g->parts);
    const uint8_t value = ((const uint8_t *)samples->data)[glia_element_offset(samples, element)];
    return (glia_origin){TAKE_BATCH_TABLE, part * (UINT8_MAX + 1) + value};
}

static glia_status run(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    GLIA_TRY(check(call));
    return glia_ref_move(call, 0, from);
}

const glia_provider glia_take_batch_ref = {.name = "cpu.ref", .run = run};
