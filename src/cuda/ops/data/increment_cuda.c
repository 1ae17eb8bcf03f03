#include "kernels/data/increment_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static glia_status increment(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_increment(call->geom, v->in[GLI_INCREMENT_X], v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(increment, .run = increment);
