#include "ops/movement/transpose_geom.h"

#include "cpu/reference/ref_move.h"

static glia_origin from(const glia_call *call, const int64_t *index) {
    const glia_transpose_geom *g = call->geom;
    int64_t of_x[GLIA_MAX_DIMS]  = {0};
    for (int i = 0; i < g->ndim; ++i) of_x[g->permutation[i]] = index[i];
    return (glia_origin){TRANSPOSE_X, glia_element_at(call->in[TRANSPOSE_X], of_x)};
}

GLIA_MOVE_PROVIDER(transpose, from);
