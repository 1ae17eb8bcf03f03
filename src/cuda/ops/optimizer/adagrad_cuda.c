#include "kernels/optimizer/adagrad_launch.h"

#include "cuda/ops/optimizer/update_arrays.h"

static glia_status adagrad(const gli_call *call, const gli_cuda_view *v, const gli_update_chain *chain) {
    const gli_adagrad_arrays arrays = {.all     = gli_cuda_update_arrays(call, v, chain),
                                       .sum     = v->in[GLI_ADAGRAD_SUM],
                                       .new_sum = v->out[GLI_ADAGRAD_NEW_SUM]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_adagrad(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_OPTIMIZER_PROVIDER(adagrad, adagrad, GLI_ADAGRAD_HALF, GLI_ADAGRAD_NEW_HALF);
