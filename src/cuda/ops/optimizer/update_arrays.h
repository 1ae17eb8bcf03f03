/* The tensors that all optimizers have, and the chains that begin or end a step with one. */
#ifndef GLI_CUDA_OPS_OPTIMIZER_UPDATE_ARRAYS_H
#define GLI_CUDA_OPS_OPTIMIZER_UPDATE_ARRAYS_H

#include "cuda/ops/dense_view.h"
#include "kernels/optimizer/update_launch.h"
#include "ops/optimizer/optimizer_check.h"

static inline gli_update_arrays gli_cuda_update_arrays(const gli_call *call, const gli_cuda_view *v,
                                                       const gli_update_chain *chain) {
    const glia_tensor *half = call->out[call->op->n_outputs - 1];
    return (gli_update_arrays){.dtype     = v->dtype,
                               .rate      = v->in[GLI_OPTIMIZER_RATE],
                               .skip      = v->in[gli_optimizer_skip(call->op)],
                               .param     = v->in[GLI_OPTIMIZER_PARAM],
                               .grad      = v->in[GLI_OPTIMIZER_GRAD],
                               .new_param = v->out[0],
                               .new_half  = v->out[call->op->n_outputs - 1],
                               .half      = half ? half->dtype : GLIA_BF16,
                               .chain     = chain};
}

/* An optimizer as a part of chains; update_chain.c has a table of them. */
typedef struct gli_cuda_update {
    const gli_op *op;
    const gli_cuda_kernel *kernel;
    glia_status (*run)(const gli_call *call, const gli_cuda_view *view, const gli_update_chain *chain);
} gli_cuda_update;

extern const gli_cuda_update gli_cuda_update_adagrad, gli_cuda_update_adam, gli_cuda_update_rmsprop,
    gli_cuda_update_sgd;

/* The other calls of chains. */
extern const gli_cuda_kernel *const gli_cuda_check_finite_kernel, *const gli_cuda_accumulate_kernel;
void gli_cuda_check_finite_arrays(const gli_cuda_view *view, gli_check_finite_arrays *out);
void gli_cuda_accumulate_arrays(const gli_call *call, const gli_cuda_view *view, gli_accumulate_arrays *out);

/* For the fields chain and run_chain of the providers of optimizers and of check_finite: check_finite or not, an
 * optimizer, a small accumulate or not. */
int gli_cuda_update_chain(const gli_call *const *calls, int n);
glia_status gli_cuda_run_update_chain(const gli_call *const *calls, void *const *workspaces, int n);

/* Defines the provider gli_OP_portable and gli_cuda_update_OP from update(call, view, chain); half, new_half: the
 * numbers of these tensors. */
#define GLI_CUDA_OPTIMIZER_PROVIDER(op_, update, half, new_half)                                     \
    static glia_status run_alone_##op_(const gli_call *call, const gli_cuda_view *view) {            \
        return update(call, view, NULL);                                                             \
    }                                                                                                \
    GLI_CUDA_KERNEL(op_, portable, .run = run_alone_##op_, .flat = true,                             \
                    .typed_in = 1 << GLI_OPTIMIZER_RATE | 1 << (half), .typed_out = 1 << (new_half)) \
    const gli_cuda_update gli_cuda_update_##op_ = {&gli_op_##op_, &op_##_portable_kernel, update};   \
    GLI_CUDA_CHAIN_PROVIDER(op_, gli_cuda_update_chain, gli_cuda_run_update_chain)

#endif
