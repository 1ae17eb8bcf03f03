#include "core/provider.h"
#include "cuda/ops/pool/pool2d_view.h"
#include "kernels/pool/max_pool2d_launch.h"

static glia_status adaptive_max_pool2d(const gli_call *call, const gli_cuda_view *v) {
    const gli_pool2d_arrays arrays = gli_cuda_pool2d_forward(call, v, true);
    GLI_CUDA_TRY(call->ctx, gli_kernel_max_pool2d(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_POOL2D_PROVIDER(adaptive_max_pool2d, .run = adaptive_max_pool2d);
