#include "kernels/reduce/cumsum_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static glia_status cumsum(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_cumsum(call->geom, v->dtype, v->in[0], v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(cumsum, .run = cumsum);
