#include "ops/elementwise/select_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref.h"

static void select(const void *geom, const double *const *in, double *const *out) {
    const gli_select_geom *g = geom;
    const double *chosen     = in[in[GLI_SELECT_CONDITION][0] != 0 ? GLI_SELECT_A : GLI_SELECT_B];
    for (int i = 0; i < g->count; ++i) out[0][i] = chosen[i];
}

GLI_REF_PROVIDER(select, select);
