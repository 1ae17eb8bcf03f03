#include "ops/conv/conv2d_transpose_geom.h"

#include "cuda/ops/conv/convolution_arguments.h"
#include "cuda/device/gpu_of_context.h"
#include "cuda/ops/tensor_cores.h"

static glia_convolution convolution(const glia_call *call, glia_dtype dtype) {
    glia_convolution conv = glia_cuda_convolution(call, dtype);
    conv.transposed       = true;
    return conv;
}

static size_t workspace(const glia_call *call, glia_dtype dtype) {
    const glia_convolution conv = convolution(call, dtype);
    return glia_kernel_conv2d_workspace(&conv);
}

static glia_convolution described(const glia_call *call, const glia_cuda_view *v) {
    glia_convolution conv = convolution(call, v->dtype);
    glia_cuda_set_image(&conv.x, v->in[CONV2D_TRANSPOSE_X], v->in_stride[CONV2D_TRANSPOSE_X]);
    glia_cuda_set_image(&conv.y, v->out[0], v->out_stride[0]);
    glia_cuda_set_filters(&conv, v->in[CONV2D_TRANSPOSE_W], v->in_stride[CONV2D_TRANSPOSE_W], conv.in, false);
    if (call->n_in > CONV2D_TRANSPOSE_BIAS && v->in[CONV2D_TRANSPOSE_BIAS])
        glia_cuda_set_bias(&conv, v->in[CONV2D_TRANSPOSE_BIAS], v->in_stride[CONV2D_TRANSPOSE_BIAS]);
    return conv;
}

static glia_status run(const glia_call *call, const glia_cuda_view *v) {
    const glia_convolution conv = described(call, v);
    GLIA_CUDA_TRY(call->ctx, glia_kernel_conv2d(&conv, glia_cuda_gpu(call), v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status run_wmma(const glia_call *call, const glia_cuda_view *v) {
    const glia_convolution conv = described(call, v);
    GLIA_CUDA_TRY(call->ctx, glia_kernel_conv2d_wmma(&conv, call->ctx->math, v->workspace, v->stream));
    return GLIA_OK;
}

static const char *decline_wmma(const glia_call *call) {
    const glia_conv2d_transpose_geom *g = call->geom;
    return glia_cuda_decline_tensor_cores(call, g->n * g->p * g->q, g->k / g->groups);
}

GLIA_CUDA_KERNEL_PROVIDER(conv2d_transpose, wmma, decline_wmma, .run = run_wmma, .workspace = workspace,
                          .strided_in = 7, .strided_out = 1);
GLIA_CUDA_PROVIDER(conv2d_transpose, .run = run, .workspace = workspace, .strided_in = 7, .strided_out = 1);
