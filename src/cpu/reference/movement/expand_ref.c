#include "ops/movement/expand_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref_move.h"

static gli_origin from(const gli_call *call, const int64_t *index) {
    const gli_expand_geom *g    = call->geom;
    int64_t of_x[GLIA_MAX_DIMS] = {0};
    for (int i = g->added; i < g->ndim; ++i) of_x[i - g->added] = g->repeated[i] ? 0 : index[i];
    return (gli_origin){GLI_EXPAND_X, gli_ravel_index(call->in[GLI_EXPAND_X], of_x)};
}

GLI_MOVE_PROVIDER(expand, from);
