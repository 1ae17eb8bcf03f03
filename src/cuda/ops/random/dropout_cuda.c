#include "kernels/random/dropout_launch.h"

#include "cuda/ops/pool/max_pool2d_chain.h"
#include "cuda/ops/random/dropout_kernel.h"

static glia_status dropout(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_dropout(call->geom, v->dtype, v->in[GLI_DROPOUT_X], v->in[GLI_DROPOUT_STEP],
                                               v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_KERNEL(dropout, portable, .run = dropout)
const gli_cuda_kernel *const gli_cuda_dropout_kernel = &dropout_portable_kernel;
GLI_CUDA_CHAIN_PROVIDER(dropout, gli_cuda_dropout_chain, gli_cuda_run_dropout_chain);
