#include "kernels/random/random_fill_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

static glia_status random_fill(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_random_fill(call->geom, v->dtype, v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(random_fill, .run = random_fill);
