#include "ops/sequence/sequence_geom.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cpu/element_index.h"

/* In the dtype of x: a double cannot represent every i64. */
static bool is_padding(const glia_tensor *x, int64_t element, const int64_t *padding) {
    const int64_t offset = gli_element_offset(x, element);
    if (x->dtype == GLIA_I64) return ((const int64_t *)x->data)[offset] == *padding;
    return gli_load(x->dtype, x->data, offset) == gli_load(x->dtype, padding, 0);
}

static bool step_is_padding(const gli_call *call, int n, int t) {
    const gli_sequence_geom *g = call->geom;
    const int64_t step         = g->time == 0 ? (int64_t)t * g->batch + n : (int64_t)n * g->steps + t;
    for (int64_t k = 0; k < g->width; ++k)
        if (!is_padding(call->in[GLI_SEQUENCE_X], step * g->width + k, &g->padding)) return false;
    return true;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_sequence_geom *g = call->geom;
    const glia_tensor *lengths = call->out[0];
    for (int n = 0; n < g->batch; ++n) {
        int length = g->steps;
        while (length > 0 && step_is_padding(call, n, length - 1)) --length;
        gli_store(lengths->dtype, lengths->data, gli_element_offset(lengths, n), length);
    }
    return GLIA_OK;
}

const gli_provider gli_sequence_lengths_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};
