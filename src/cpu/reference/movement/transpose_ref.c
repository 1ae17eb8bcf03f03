#include "ops/movement/transpose_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref_move.h"

static gli_origin from(const gli_call *call, const int64_t *index) {
    const gli_transpose_geom *g = call->geom;
    int64_t of_x[GLIA_MAX_DIMS] = {0};
    for (int i = 0; i < g->ndim; ++i) of_x[g->permutation[i]] = index[i];
    return (gli_origin){GLI_TRANSPOSE_X, gli_ravel_index(call->in[GLI_TRANSPOSE_X], of_x)};
}

GLI_MOVE_PROVIDER(transpose, from);
