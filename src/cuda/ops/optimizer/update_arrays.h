/* The tensors that all optimizers have. */
#ifndef GLI_CUDA_OPS_OPTIMIZER_UPDATE_ARRAYS_H
#define GLI_CUDA_OPS_OPTIMIZER_UPDATE_ARRAYS_H

#include "cuda/ops/dense_view.h"
#include "kernels/optimizer/update_launch.h"
#include "ops/optimizer/optimizer_check.h"

static inline gli_update_arrays gli_cuda_update_arrays(const gli_call *call, const gli_cuda_view *v) {
    const glia_tensor *half = call->out[call->op->n_outputs - 1];
    return (gli_update_arrays){.dtype     = v->dtype,
                               .rate      = v->in[GLI_OPTIMIZER_RATE],
                               .skip      = v->in[gli_optimizer_skip(call->op)],
                               .param     = v->in[GLI_OPTIMIZER_PARAM],
                               .grad      = v->in[GLI_OPTIMIZER_GRAD],
                               .new_param = v->out[0],
                               .new_half  = v->out[call->op->n_outputs - 1],
                               .half      = half ? half->dtype : GLIA_BF16};
}

/* Defines the provider gli_OP_portable from run(call, view); half, new_half: the numbers of these tensors. */
#define GLI_CUDA_OPTIMIZER_PROVIDER(op, function, half, new_half)                                           \
    GLI_CUDA_PROVIDER(op, .run = function, .flat = true, .typed_in = 1 << GLI_OPTIMIZER_RATE | 1 << (half), \
                      .typed_out = 1 << (new_half))

#endif
