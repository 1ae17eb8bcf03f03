#include "ops/movement/reshape_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref_move.h"

static gli_origin from(const gli_call *call, const int64_t *index) {
    return (gli_origin){GLI_RESHAPE_X, gli_ravel_index(call->out[0], index)};
}

GLI_MOVE_PROVIDER(reshape, from);
