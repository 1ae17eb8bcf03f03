#include "ops/movement/slice_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref_move.h"

static gli_origin from_x(const gli_call *call, const int64_t *index) {
    const gli_slice_geom *g     = call->geom;
    int64_t of_x[GLIA_MAX_DIMS] = {0};
    for (int i = 0; i < g->ndim; ++i) of_x[i] = g->start[i] + index[i] * g->step[i];
    return (gli_origin){GLI_SLICE_X, gli_ravel_index(call->in[GLI_SLICE_X], of_x)};
}

static gli_origin from_dy(const gli_call *call, const int64_t *index) {
    const gli_slice_geom *g      = call->geom;
    int64_t of_dy[GLIA_MAX_DIMS] = {0};
    for (int i = 0; i < g->ndim; ++i) {
        const int64_t past = index[i] - g->start[i];
        if (past < 0 || past % g->step[i] != 0 || past / g->step[i] >= g->count[i]) return (gli_origin){.input = -1};
        of_dy[i] = past / g->step[i];
    }
    return (gli_origin){GLI_SLICE_BACKWARD_DY, gli_ravel_index(call->in[GLI_SLICE_BACKWARD_DY], of_dy)};
}

GLI_MOVE_PROVIDER(slice, from_x);
GLI_MOVE_PROVIDER(slice_backward, from_dy);
