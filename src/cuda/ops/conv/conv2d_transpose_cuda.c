#include "ops/conv/conv2d_transpose_geom.h"

#include "core/provider.h"
#include "cuda/ops/conv/convolution_arguments.h"
#include "cuda/ops/gemm_provider.h"
#include "cuda/ops/tensor_cores.h"

static gli_convolution convolution(const gli_call *call, glia_dtype dtype) {
    gli_convolution conv = gli_cuda_convolution(call, dtype);
    conv.transposed      = true;
    return conv;
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    const gli_convolution conv = convolution(call, dtype);
    return gli_kernel_conv2d_workspace(&conv);
}

static gli_convolution described(const gli_call *call, const gli_cuda_view *v) {
    gli_convolution conv = convolution(call, v->dtype);
    gli_cuda_set_image(2, &conv.x, v->in[GLI_CONV2D_TRANSPOSE_X], v->in_stride[GLI_CONV2D_TRANSPOSE_X]);
    gli_cuda_set_image(2, &conv.y, v->out[0], v->out_stride[0]);
    gli_cuda_set_filters(2, &conv, v->in[GLI_CONV2D_TRANSPOSE_W], v->in_stride[GLI_CONV2D_TRANSPOSE_W], conv.in, false);
    if (call->n_in > GLI_CONV2D_TRANSPOSE_BIAS && v->in[GLI_CONV2D_TRANSPOSE_BIAS])
        gli_cuda_set_bias(&conv, v->in[GLI_CONV2D_TRANSPOSE_BIAS], v->in_stride[GLI_CONV2D_TRANSPOSE_BIAS]);
    return conv;
}

GLI_CUDA_GEMM(run, gli_convolution, described, gli_kernel_conv2d)
GLI_CUDA_GEMM(run_tensor_cores, gli_convolution, described, gli_kernel_conv2d_tensor_cores)

static const char *decline_tensor_cores(const gli_call *call) {
    const gli_conv2d_transpose_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->n * g->p * g->q, g->k / g->groups);
}

GLI_CUDA_KERNEL_PROVIDER(conv2d_transpose, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_tensor_cores,
                         .run = run_tensor_cores, .workspace = workspace, .strided_in = 7, .strided_out = 1);
GLI_CUDA_PROVIDER(conv2d_transpose, .run = run, .workspace = workspace, .strided_in = 7, .strided_out = 1);
