#include "cuda/ops/conv/convolution_arguments.h"
#include "cuda/device/gpu_of_context.h"
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

/* The gradient by the input is the transposed convolution of dy. */
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

static size_t filter_workspace(const gli_call *call, glia_dtype dtype) {
    gli_convolution conv = gli_cuda_convolution(call, dtype);
    conv.has_bias        = call->out[GLI_CONV2D_FILTER_DBIAS] != NULL;
    return gli_kernel_conv2d_filter_workspace(&conv);
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

static glia_status run(const gli_call *call, const gli_cuda_view *v, const gli_convolution *conv) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_conv2d(conv, gli_cuda_gpu(call), v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status run_wmma(const gli_call *call, const gli_cuda_view *v, const gli_convolution *conv) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_conv2d_wmma(conv, call->ctx->math, v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status forward(const gli_call *call, const gli_cuda_view *v) {
    const gli_convolution conv = forward_call(call, v);
    return run(call, v, &conv);
}

static glia_status forward_wmma(const gli_call *call, const gli_cuda_view *v) {
    const gli_convolution conv = forward_call(call, v);
    return run_wmma(call, v, &conv);
}

static glia_status data(const gli_call *call, const gli_cuda_view *v) {
    const gli_convolution conv = data_call(call, v);
    return run(call, v, &conv);
}

static glia_status data_wmma(const gli_call *call, const gli_cuda_view *v) {
    const gli_convolution conv = data_call(call, v);
    return run_wmma(call, v, &conv);
}

static glia_status filter(const gli_call *call, const gli_cuda_view *v) {
    const gli_convolution conv = filter_call(call, v);
    GLI_CUDA_TRY(call->ctx, gli_kernel_conv2d_filter(&conv, gli_cuda_gpu(call), v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status filter_wmma(const gli_call *call, const gli_cuda_view *v) {
    const gli_convolution conv = filter_call(call, v);
    GLI_CUDA_TRY(call->ctx, gli_kernel_conv2d_filter_wmma(&conv, call->ctx->math, v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status forward_direct(const gli_call *call, const gli_cuda_view *v) {
    const gli_convolution conv = forward_call(call, v);
    GLI_CUDA_TRY(call->ctx, gli_kernel_conv2d_direct(&conv, v->stream));
    return GLIA_OK;
}

static size_t filter_direct_workspace(const gli_call *call, glia_dtype dtype) {
    gli_convolution conv = gli_cuda_convolution(call, dtype);
    conv.has_bias        = call->out[GLI_CONV2D_FILTER_DBIAS] != NULL;
    return gli_kernel_conv2d_filter_direct_workspace(&conv);
}

static glia_status filter_direct(const gli_call *call, const gli_cuda_view *v) {
    const gli_convolution conv = filter_call(call, v);
    GLI_CUDA_TRY(call->ctx, gli_kernel_conv2d_filter_direct(&conv, v->workspace, v->stream));
    return GLIA_OK;
}

/* The first convolution of a network: images of one channel or of three. */
#define GLI_ACCEPTS_DIRECT {GLI_TAKES_F32 | GLI_TAKES_HALVES, GLI_ANY_FORMAT}

static const char *decline_direct(const gli_call *call) {
    enum { MOST_CHANNELS = 3 };
    const gli_conv2d_geom *g = call->geom;
    if (g->groups > 1) return "only one group";
    if (g->c == 0 || g->c > MOST_CHANNELS) return "only one to three channels";
    if ((int64_t)g->c * g->r * g->s > GLI_DIRECT_TAPS) return "the filter has too many taps";
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
GLI_CUDA_KERNEL_PROVIDER(conv2d, wmma, GLI_ACCEPTS_TENSOR_CORES, decline_forward, .run = forward_wmma,
                         .workspace = forward_workspace, .strided_in = 7, .strided_out = 1);
GLI_CUDA_KERNEL_PROVIDER(conv2d_backward_data, wmma, GLI_ACCEPTS_TENSOR_CORES, decline_data, .run = data_wmma,
                         .workspace = data_workspace, .strided_in = 3, .strided_out = 1);
GLI_CUDA_KERNEL_PROVIDER(conv2d_backward_filter, wmma, GLI_ACCEPTS_TENSOR_CORES, decline_filter, .run = filter_wmma,
                         .workspace = filter_workspace, .strided_in = 3, .strided_out = 3);
GLI_CUDA_PROVIDER(conv2d, .run = forward, .workspace = forward_workspace, .strided_in = 7, .strided_out = 1);
GLI_CUDA_PROVIDER(conv2d_backward_data, .run = data, .workspace = data_workspace, .strided_in = 3, .strided_out = 1);
GLI_CUDA_PROVIDER(conv2d_backward_filter, .run = filter, .workspace = filter_workspace, .strided_in = 3,
                  .strided_out = 3);
