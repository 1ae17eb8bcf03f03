#include "ops/movement/concat_geom.h"

#include <string.h>

#include "cpu/reference/ref_move.h"

static glia_origin from(const glia_call *call, const int64_t *index) {
    const glia_concat_geom *g   = call->geom;
    int64_t of_x[GLIA_MAX_DIMS] = {0};
    int input                   = 0;
    while (index[g->axis] >= g->start[input + 1]) ++input;
    memcpy(of_x, index, (size_t)call->out[0]->ndim * sizeof *of_x);
    of_x[g->axis] -= g->start[input];
    return (glia_origin){input, glia_element_at(call->in[input], of_x)};
}

GLIA_MOVE_PROVIDER(concat, from);
