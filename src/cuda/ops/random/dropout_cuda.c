#include "kernels/random/dropout_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static glia_status dropout(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_dropout(call->geom, v->dtype, v->in[GLI_DROPOUT_X], v->in[GLI_DROPOUT_STEP],
                                               v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(dropout, .run = dropout);
