#include "ops/movement/reshape_geom.h"

#include "cpu/reference/ref_move.h"

static glia_origin from(const glia_call *call, const int64_t *index) {
    return (glia_origin){RESHAPE_X, glia_element_at(call->out[0], index)};
}

GLIA_MOVE_PROVIDER(reshape, from);
