#include "ops/movement/concat_geom.h"

#include <string.h>

#include "core/provider.h"
#include "cpu/reference/ref_move.h"

static gli_origin from(const gli_call *call, const int64_t *index) {
    const gli_concat_geom *g    = call->geom;
    int64_t of_x[GLIA_MAX_DIMS] = {0};
    int input                   = 0;
    while (index[g->axis] >= g->start[input + 1]) ++input;
    memcpy(of_x, index, (size_t)call->out[0]->ndim * sizeof *of_x);
    of_x[g->axis] -= g->start[input];
    return (gli_origin){input, gli_ravel_index(call->in[input], of_x)};
}

GLI_MOVE_PROVIDER(concat, from);
