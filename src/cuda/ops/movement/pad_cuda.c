#include <string.h>

#include "core/dtype.h"
#include "core/provider.h"
#include "cuda/ops/strided_move.h"
#include "kernels/movement/pad_launch.h"
#include "ops/movement/pad_geom.h"

static glia_status pad(const gli_call *call) {
    const gli_pad_geom *g = call->geom;
    const glia_tensor *y  = call->out[0];
    gli_place_geom place  = {.copy = gli_cuda_copy_geom(y, call->in[GLI_PAD_X], y)};
    int64_t fill          = 0;
    gli_store(y->dtype, &fill, 0, g->value);
    memcpy(place.fill, &fill, sizeof place.fill);
    for (int d = 0; d < g->ndim; ++d) place.start[d] = g->before[d], place.step[d] = 1, place.count[d] = g->size[d];
    GLI_CUDA_TRY(call->ctx, gli_kernel_place(&place, call->stream));
    return GLIA_OK;
}

GLI_CUDA_MOVE_PROVIDER(pad, pad);
