#include "kernels/pool/max_pool3d_launch.h"

#include "core/provider.h"
#include "cuda/ops/pool/pool2d_view.h"

static glia_status max_pool3d(const gli_call *call, const gli_cuda_view *v) {
    const gli_pool2d_arrays arrays = gli_cuda_pool2d_forward(call, v, false);
    GLI_CUDA_TRY(call->ctx, gli_kernel_max_pool3d(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

static glia_status max_pool3d_backward(const gli_call *call, const gli_cuda_view *v) {
    gli_pool2d_arrays arrays = gli_cuda_pool2d_backward(v, false);
    arrays.indices           = (int *)v->in[GLI_POOL_BACK_INDICES];
    memcpy(arrays.indices_stride, v->in_stride[GLI_POOL_BACK_INDICES], sizeof arrays.indices_stride);
    GLI_CUDA_TRY(call->ctx, gli_kernel_max_pool3d_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_POOL2D_PROVIDER(max_pool3d, .run = max_pool3d);
GLI_CUDA_POOL2D_PROVIDER(max_pool3d_backward, .run = max_pool3d_backward, .typed_in = 1 << GLI_POOL_BACK_INDICES);
