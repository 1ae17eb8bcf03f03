#include "kernels/pool/avg_pool3d_launch.h"

#include "core/provider.h"
#include "cuda/ops/pool/pool2d_view.h"

static glia_status avg_pool3d(const gli_call *call, const gli_cuda_view *v) {
    const gli_pool2d_arrays arrays = gli_cuda_pool2d_forward(call, v, false);
    GLI_CUDA_TRY(call->ctx, gli_kernel_avg_pool3d(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

static glia_status avg_pool3d_backward(const gli_call *call, const gli_cuda_view *v) {
    const gli_pool2d_arrays arrays = gli_cuda_pool2d_backward(v, false);
    GLI_CUDA_TRY(call->ctx, gli_kernel_avg_pool3d_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_POOL2D_PROVIDER(avg_pool3d, .run = avg_pool3d);
GLI_CUDA_POOL2D_PROVIDER(avg_pool3d_backward, .run = avg_pool3d_backward);
