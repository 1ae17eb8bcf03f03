/* The tensors that all optimizers have. */
#ifndef GLI_CUDA_OPS_OPTIMIZER_UPDATE_ARRAYS_H
#define GLI_CUDA_OPS_OPTIMIZER_UPDATE_ARRAYS_H

#include "cuda/ops/dense_view.h"
#include "kernels/optimizer/update_launch.h"
#include "ops/optimizer/optimizer_check.h"

static inline gli_update_arrays gli_cuda_update_arrays(const gli_call *call, const gli_cuda_view *v) {
    return (gli_update_arrays){.dtype     = v->dtype,
                               .rate      = v->in[GLI_OPTIMIZER_RATE],
                               .skip      = v->in[gli_optimizer_skip(call->op)],
                               .param     = v->in[GLI_OPTIMIZER_PARAM],
                               .grad      = v->in[GLI_OPTIMIZER_GRAD],
                               .new_param = v->out[0]};
}

/* Defines the provider gli_OP_portable from run(call, view). */
#define GLI_CUDA_OPTIMIZER_PROVIDER(op, function) \
    GLI_CUDA_PROVIDER(op, .run = function, .flat = true, .typed_in = 1 << GLI_OPTIMIZER_RATE)

#endif
