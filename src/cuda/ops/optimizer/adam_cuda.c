#include "kernels/optimizer/adam_launch.h"

#include "cuda/ops/optimizer/update_arrays.h"

static glia_status adam(const gli_call *call, const gli_cuda_view *v, const gli_update_chain *chain) {
    const gli_adam_arrays arrays = {.all   = gli_cuda_update_arrays(call, v, chain),
                                    .step  = v->in[GLI_ADAM_STEP],
                                    .m     = v->in[GLI_ADAM_M],
                                    .v     = v->in[GLI_ADAM_V],
                                    .new_m = v->out[GLI_ADAM_NEW_M],
                                    .new_v = v->out[GLI_ADAM_NEW_V]};
    GLI_CUDA_TRY(call->ctx, gli_kernel_adam(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_OPTIMIZER_PROVIDER(adam, adam, GLI_ADAM_HALF, GLI_ADAM_NEW_HALF);
