#include "kernels/optimizer/rmsprop_launch.h"

#include "cuda/ops/optimizer/update_arrays.h"

static glia_status rmsprop(const gli_call *call, const gli_cuda_view *v, const gli_update_chain *chain) {
    const gli_rmsprop_arrays arrays = {.all          = gli_cuda_update_arrays(call, v, chain),
                                       .square       = v->in[GLI_RMSPROP_SQUARE],
                                       .velocity     = v->in[GLI_RMSPROP_VELOCITY],
                                       .mean         = v->in[GLI_RMSPROP_MEAN],
                                       .new_square   = v->out[GLI_RMSPROP_NEW_SQUARE],
                                       .new_velocity = v->out[GLI_RMSPROP_NEW_VELOCITY],
                                       .new_mean     = v->out[GLI_RMSPROP_NEW_MEAN]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_rmsprop(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_OPTIMIZER_PROVIDER(rmsprop, rmsprop, GLI_RMSPROP_HALF, GLI_RMSPROP_NEW_HALF);
