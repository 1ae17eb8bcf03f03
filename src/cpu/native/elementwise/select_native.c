#include <string.h>

#include "core/provider.h"
#include "cpu/native/flat.h"
#include "ops/elementwise/select_geom.h"

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const bool first    = *(const int64_t *)call->in[GLI_SELECT_CONDITION]->data != 0;
    const float *chosen = gli_in_floats(call, first ? GLI_SELECT_A : GLI_SELECT_B);
    float *y            = gli_out_floats(call, 0);
    if (y != chosen) memcpy(y, chosen, (size_t)((const gli_select_geom *)call->geom)->count * sizeof *y);
    return GLIA_OK;
}

const gli_provider gli_select_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_FLAT, .run = run};
