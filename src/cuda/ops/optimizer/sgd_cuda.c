#include "kernels/optimizer/sgd_launch.h"

#include "cuda/ops/optimizer/update_arrays.h"

static glia_status sgd(const gli_call *call, const gli_cuda_view *v, const gli_update_chain *chain) {
    const gli_sgd_arrays arrays = {.all          = gli_cuda_update_arrays(call, v, chain),
                                   .velocity     = v->in[GLI_SGD_VELOCITY],
                                   .new_velocity = v->out[GLI_SGD_NEW_VELOCITY]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_sgd(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_OPTIMIZER_PROVIDER(sgd, sgd, GLI_SGD_HALF, GLI_SGD_NEW_HALF);
