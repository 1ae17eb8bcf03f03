#include "ops/sequence/sequence_geom.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cpu/index_range.h"
#include "cpu/reference/ref_move.h"

/* In the dtype of x: doubles do not hold every i64. */
static bool is_padding(const glia_tensor *x, int64_t element, const int64_t *padding) {
    const int64_t at = gli_element_offset(x, element);
    if (x->dtype == GLIA_I64) return ((const int64_t *)x->data)[at] == *padding;
    return gli_load(x->dtype, x->data, at) == gli_load(x->dtype, padding, 0);
}

static bool step_is_padding(const gli_call *call, int n, int t) {
    const gli_sequence_geom *g = call->geom;
    const int64_t step         = g->time == 0 ? (int64_t)t * g->batch + n : (int64_t)n * g->steps + t;
    for (int64_t k = 0; k < g->width; ++k)
        if (!is_padding(call->in[GLI_SEQUENCE_X], step * g->width + k, &g->padding)) return false;
    return true;
}

static glia_status sequence_lengths(const gli_call *call, const gli_prepared *prepared, void *workspace) {
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

static gli_origin from(const gli_call *call, const int64_t *index) {
    const gli_sequence_geom *g = call->geom;
    const int64_t length       = gli_index_load(call->in[GLI_SEQUENCE_LENGTHS], index[1 - g->time]);
    if (index[g->time] >= length) return (gli_origin){.input = -1};
    return (gli_origin){GLI_SEQUENCE_X, gli_element_at(call->in[GLI_SEQUENCE_X], index)};
}

static glia_status mask_steps(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_sequence_geom *g = call->geom;
    GLI_TRY(gli_index_check(call, GLI_SEQUENCE_LENGTHS, (gli_index_range){.low = 0, .high = (int64_t)g->steps + 1}));
    return gli_ref_move(call, g->value, from);
}

const gli_provider gli_sequence_lengths_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = sequence_lengths};
const gli_provider gli_mask_steps_ref       = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = mask_steps};
