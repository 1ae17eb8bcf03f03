#include "kernels/pool/max_pool2d_launch.h"

#include "core/provider.h"
#include "cuda/ops/pool/max_pool2d_chain.h"

static glia_status max_pool2d(const gli_call *call, const gli_cuda_view *v) {
    const gli_pool2d_arrays arrays = gli_cuda_pool2d_forward(call, v, false);
    GLI_CUDA_TRY(call->ctx, gli_kernel_max_pool2d(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

gli_pool2d_arrays gli_cuda_max_pool2d_backward_arrays(const gli_cuda_view *v) {
    gli_pool2d_arrays arrays = gli_cuda_pool2d_backward(v, false);
    arrays.indices           = (int *)v->in[GLI_POOL_BACK_INDICES];
    memcpy(arrays.indices_stride, v->in_stride[GLI_POOL_BACK_INDICES], sizeof arrays.indices_stride);
    return arrays;
}

static glia_status max_pool2d_backward(const gli_call *call, const gli_cuda_view *v) {
    const gli_pool2d_arrays arrays = gli_cuda_max_pool2d_backward_arrays(v);
    GLI_CUDA_TRY(call->ctx, gli_kernel_max_pool2d_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_KERNEL(max_pool2d, portable, .run = max_pool2d, .strided_in = 3, .strided_out = 3)
const gli_cuda_kernel *const gli_cuda_max_pool2d_kernel = &max_pool2d_portable_kernel;
GLI_CUDA_CHAIN_PROVIDER(max_pool2d, gli_cuda_max_pool2d_chain, gli_cuda_run_max_pool2d_chain);

GLI_CUDA_POOL2D_PROVIDER(max_pool2d_backward, .run = max_pool2d_backward, .typed_in = 1 << GLI_POOL_BACK_INDICES);
const gli_cuda_kernel *const gli_cuda_max_pool2d_backward_kernel = &max_pool2d_backward_portable_kernel;
