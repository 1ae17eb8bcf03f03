#include "cuda/ops/conv/convolution_arguments.h"
#include "cuda/ops/gemm_provider.h"
#include "cuda/ops/tensor_cores.h"

static size_t forward_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_convolution conv = gli_cuda_convolution(call, dtype);
    return gli_kernel_conv2d_workspace(&conv);
}

static gli_convolution forward_call(const gli_call *call, const gli_cuda_view *v) {
    gli_convolution conv = gli_cuda_convolution(call, v->dtype);
    gli_cuda_set_image(&conv.x, v->in[GLI_CONV2D_X], v->in_stride[GLI_CONV2D_X]);
    gli_cuda_set_image(&conv.y, v->out[0], v->out_stride[0]);
    gli_cuda_set_filters(&conv, v->in[GLI_CONV2D_W], v->in_stride[GLI_CONV2D_W], conv.out, true);
    if (call->n_in > GLI_CONV2D_BIAS && v->in[GLI_CONV2D_BIAS])
        gli_cuda_set_bias(&conv, v->in[GLI_CONV2D_BIAS], v->in_stride[GLI_CONV2D_BIAS]);
    return conv;
}

/* The gradient with respect to the input is the transposed convolution of dy. */
static gli_convolution data_convolution(const gli_call *call, glia_dtype dtype) {
    const gli_convolution of = gli_cuda_convolution(call, dtype);
    gli_convolution conv     = of;
    conv.x = of.y, conv.y = of.x;
    conv.in = of.out, conv.out = of.in;
    conv.transposed = true;
    return conv;
}

static size_t data_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_convolution conv = data_convolution(call, dtype);
    return gli_kernel_conv2d_workspace(&conv);
}

static gli_convolution data_call(const gli_call *call, const gli_cuda_view *v) {
    gli_convolution conv = data_convolution(call, v->dtype);
    gli_cuda_set_image(&conv.x, v->in[GLI_CONV2D_DATA_DY], v->in_stride[GLI_CONV2D_DATA_DY]);
    gli_cuda_set_image(&conv.y, v->out[0], v->out_stride[0]);
    gli_cuda_set_filters(&conv, v->in[GLI_CONV2D_DATA_W], v->in_stride[GLI_CONV2D_DATA_W], conv.in, false);
    return conv;
}

static gli_convolution filter_convolution(const gli_call *call, glia_dtype dtype) {
    gli_convolution conv = gli_cuda_convolution(call, dtype);
    conv.has_bias        = call->out[GLI_CONV2D_FILTER_DBIAS] != NULL;
    return conv;
}

static size_t filter_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_convolution conv = filter_convolution(call, dtype);
    return gli_kernel_conv2d_filter_workspace(&conv);
}

static size_t filter_direct_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_convolution conv = filter_convolution(call, dtype);
    return gli_kernel_conv2d_filter_direct_workspace(&conv);
}

static gli_convolution filter_call(const gli_call *call, const gli_cuda_view *v) {
    gli_convolution conv = gli_cuda_convolution(call, v->dtype);
    gli_cuda_set_image(&conv.x, v->in[GLI_CONV2D_FILTER_X], v->in_stride[GLI_CONV2D_FILTER_X]);
    gli_cuda_set_image(&conv.y, v->in[GLI_CONV2D_FILTER_DY], v->in_stride[GLI_CONV2D_FILTER_DY]);
    gli_cuda_set_filters(&conv, v->out[GLI_CONV2D_FILTER_DW], v->out_stride[GLI_CONV2D_FILTER_DW], conv.out, true);
    if (v->out[GLI_CONV2D_FILTER_DBIAS])
        gli_cuda_set_bias(&conv, v->out[GLI_CONV2D_FILTER_DBIAS], v->out_stride[GLI_CONV2D_FILTER_DBIAS]);
    return conv;
}

GLI_CUDA_GEMM(forward, gli_convolution, forward_call, gli_kernel_conv2d)
GLI_CUDA_GEMM(forward_tensor_cores, gli_convolution, forward_call, gli_kernel_conv2d_tensor_cores)
GLI_CUDA_GEMM(forward_direct, gli_convolution, forward_call, gli_kernel_conv2d_direct)
GLI_CUDA_GEMM(data, gli_convolution, data_call, gli_kernel_conv2d)
GLI_CUDA_GEMM(data_tensor_cores, gli_convolution, data_call, gli_kernel_conv2d_tensor_cores)
GLI_CUDA_GEMM(filter, gli_convolution, filter_call, gli_kernel_conv2d_filter)
GLI_CUDA_GEMM(filter_tensor_cores, gli_convolution, filter_call, gli_kernel_conv2d_filter_tensor_cores)
GLI_CUDA_GEMM(filter_direct, gli_convolution, filter_call, gli_kernel_conv2d_filter_direct)

/* The first convolution of a network: images of one channel or of three. */
#define GLI_ACCEPTS_DIRECT {GLI_TAKES_F32 | GLI_TAKES_HALVES, GLI_ANY_FORMAT}

static const char *decline_direct(const gli_call *call) {
    enum { MAX_CHANNELS = 3 };
    const gli_conv2d_geom *g = call->geom;
    if (g->groups > 1) return "only one group";
    if (g->c == 0 || g->c > MAX_CHANNELS) return "only one to three channels";
    if ((int64_t)g->c * g->r * g->s > GLI_DIRECT_MAX_K) return "the filters have too many elements";
    return NULL;
}

static const char *decline_forward(const gli_call *call) {
    const gli_conv2d_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->n * g->p * g->q, g->k / g->groups);
}

static const char *decline_data(const gli_call *call) {
    const gli_conv2d_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->n * g->h * g->w, g->c / g->groups);
}

static const char *decline_filter(const gli_call *call) {
    const gli_conv2d_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->k / g->groups, g->c / g->groups * g->r * g->s);
}

GLI_CUDA_KERNEL_PROVIDER(conv2d, direct, GLI_ACCEPTS_DIRECT, decline_direct, .run = forward_direct, .strided_in = 7,
                         .strided_out = 1);
GLI_CUDA_KERNEL_PROVIDER(conv2d_backward_filter, direct, GLI_ACCEPTS_DIRECT, decline_direct, .run = filter_direct,
                         .workspace = filter_direct_workspace, .strided_in = 3, .strided_out = 3);
GLI_CUDA_KERNEL_PROVIDER(conv2d, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_forward, .run = forward_tensor_cores,
                         .workspace = forward_workspace, .strided_in = 7, .strided_out = 1);
GLI_CUDA_KERNEL_PROVIDER(conv2d_backward_data, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_data,
                         .run = data_tensor_cores, .workspace = data_workspace, .strided_in = 3, .strided_out = 1);
GLI_CUDA_KERNEL_PROVIDER(conv2d_backward_filter, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_filter,
                         .run = filter_tensor_cores, .workspace = filter_workspace, .strided_in = 3, .strided_out = 3);
GLI_CUDA_PROVIDER(conv2d, .run = forward, .workspace = forward_workspace, .strided_in = 7, .strided_out = 1);
GLI_CUDA_PROVIDER(conv2d_backward_data, .run = data, .workspace = data_workspace, .strided_in = 3, .strided_out = 1);
GLI_CUDA_PROVIDER(conv2d_backward_filter, .run = filter, .workspace = filter_workspace, .strided_in = 3,
                  .strided_out = 3);
