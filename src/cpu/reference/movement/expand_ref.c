#include "ops/movement/expand_geom.h"

#include "cpu/reference/ref_move.h"

static glia_origin from(const glia_call *call, const int64_t *index) {
    const glia_expand_geom *g   = call->geom;
    int64_t of_x[GLIA_MAX_DIMS] = {0};
    for (int i = g->added; i < g->ndim; ++i) of_x[i - g->added] = g->repeated[i] ? 0 : index[i];
    return (glia_origin){EXPAND_X, glia_element_at(call->in[EXPAND_X], of_x)};
}

GLIA_MOVE_PROVIDER(expand, from);
