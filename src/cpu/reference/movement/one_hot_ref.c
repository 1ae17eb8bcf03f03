#include "ops/movement/one_hot_geom.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cpu/index_range.h"
#include "cpu/element_index.h"

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_one_hot_geom *g = call->geom;
    const glia_tensor *y      = call->out[0];
    for (int64_t i = 0; i < g->count; ++i) {
        const int64_t index = gli_index_load(call->in[GLI_ONE_HOT_INDICES], i);
        const int64_t on    = index < 0 ? index + g->classes : index;
        for (int64_t c = 0; c < g->classes; ++c)
            gli_store(y->dtype, y->data, gli_element_offset(y, i * g->classes + c), c == on ? g->on : g->off);
    }
    return GLIA_OK;
}

const gli_provider gli_one_hot_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};
