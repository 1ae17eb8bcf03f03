#include "kernels/movement/pad_launch.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cuda/ops/strided_move.h"

static glia_status pad(const gli_call *call) {
    const gli_pad_geom *g    = call->geom;
    const glia_tensor *y     = call->out[0];
    const gli_copy_geom copy = gli_cuda_copy_geom(y, call->in[GLI_PAD_X], y);
    uint64_t fill            = 0;
    gli_store(y->dtype, &fill, 0, g->value);
    GLI_CUDA_TRY(call->ctx, gli_kernel_pad(g, &copy, fill, call->stream));
    return GLIA_OK;
}

GLI_CUDA_MOVE_PROVIDER(pad, pad);
