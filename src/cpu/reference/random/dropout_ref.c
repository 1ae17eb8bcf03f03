#include "ops/random/dropout_geom.h"

#include "core/dtype.h"
#include "core/philox.h"
#include "core/provider.h"
#include "cpu/element_index.h"

/* The step in integers: a double cannot represent every i64. */
static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_dropout_geom *g = call->geom;
    const glia_tensor *x = call->in[GLI_DROPOUT_X], *y = call->out[0];
    const glia_tensor *step = call->n_in > GLI_DROPOUT_STEP ? call->in[GLI_DROPOUT_STEP] : NULL;
    const gli_random use    = {
           .seed = g->seed, .stream = g->stream, .step = step ? (uint32_t)*(const int64_t *)step->data : 0};
    for (int i = 0; i < g->count; ++i) {
        const bool kept    = gli_random_u32(use, (uint64_t)i) >= g->threshold;
        const double value = kept ? gli_load(x->dtype, x->data, gli_element_offset(x, i)) * g->scale : 0;
        gli_store(y->dtype, y->data, gli_element_offset(y, i), value);
    }
    return GLIA_OK;
}

const gli_provider gli_dropout_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};
