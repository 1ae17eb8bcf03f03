#include <string.h>

#include "cuda/ops/conv/convolution_arguments.h"
#include "cuda/ops/conv/relu_filter_chain.h"
#include "cuda/ops/gemm_provider.h"
#include "cuda/ops/tensor_cores.h"
#include "kernels/conv/conv2d_direct_launch.h"

static int rank_of(const gli_call *call) { return ((const gli_conv_geom *)call->geom)->rank; }

static size_t forward_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_convolution conv = gli_cuda_convolution(call, dtype);
    return rank_of(call) == 2 ? gli_kernel_conv2d_workspace(&conv) : gli_kernel_conv3d_workspace(&conv);
}

static gli_convolution forward_call(const gli_call *call, const gli_cuda_view *v) {
    gli_convolution conv = gli_cuda_convolution(call, v->dtype);
    gli_cuda_set_image(rank_of(call), &conv.x, v->in[GLI_CONV_X], v->in_stride[GLI_CONV_X]);
    gli_cuda_set_image(rank_of(call), &conv.y, v->out[0], v->out_stride[0]);
    gli_cuda_set_filters(rank_of(call), &conv, v->in[GLI_CONV_W], v->in_stride[GLI_CONV_W], conv.out, true);
    if (call->n_in > GLI_CONV_BIAS && v->in[GLI_CONV_BIAS])
        gli_cuda_set_bias(&conv, v->in[GLI_CONV_BIAS], v->in_stride[GLI_CONV_BIAS]);
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
    return rank_of(call) == 2 ? gli_kernel_conv2d_workspace(&conv) : gli_kernel_conv3d_workspace(&conv);
}

static gli_convolution data_call(const gli_call *call, const gli_cuda_view *v) {
    gli_convolution conv = data_convolution(call, v->dtype);
    gli_cuda_set_image(rank_of(call), &conv.x, v->in[GLI_CONV_DATA_DY], v->in_stride[GLI_CONV_DATA_DY]);
    gli_cuda_set_image(rank_of(call), &conv.y, v->out[0], v->out_stride[0]);
    gli_cuda_set_filters(rank_of(call), &conv, v->in[GLI_CONV_DATA_W], v->in_stride[GLI_CONV_DATA_W], conv.in, false);
    return conv;
}

static gli_convolution filter_convolution(const gli_call *call, glia_dtype dtype) {
    gli_convolution conv = gli_cuda_convolution(call, dtype);
    conv.has_bias        = call->out[GLI_CONV_FILTER_DBIAS] != NULL;
    return conv;
}

static size_t filter_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_convolution conv = filter_convolution(call, dtype);
    return rank_of(call) == 2 ? gli_kernel_conv2d_filter_workspace(&conv) : gli_kernel_conv3d_filter_workspace(&conv);
}

static size_t filter_direct_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_convolution conv = filter_convolution(call, dtype);
    return gli_kernel_conv2d_filter_direct_workspace(&conv);
}

gli_convolution gli_cuda_filter_convolution(const gli_call *call, const gli_cuda_view *v) {
    gli_convolution conv = gli_cuda_convolution(call, v->dtype);
    gli_cuda_set_image(rank_of(call), &conv.x, v->in[GLI_CONV_FILTER_X], v->in_stride[GLI_CONV_FILTER_X]);
    gli_cuda_set_image(rank_of(call), &conv.y, v->in[GLI_CONV_FILTER_DY], v->in_stride[GLI_CONV_FILTER_DY]);
    gli_cuda_set_filters(rank_of(call), &conv, v->out[GLI_CONV_FILTER_DW], v->out_stride[GLI_CONV_FILTER_DW], conv.out,
                         true);
    if (v->out[GLI_CONV_FILTER_DBIAS])
        gli_cuda_set_bias(&conv, v->out[GLI_CONV_FILTER_DBIAS], v->out_stride[GLI_CONV_FILTER_DBIAS]);
    return conv;
}

GLI_CUDA_GEMM(forward, gli_convolution, forward_call, gli_kernel_conv2d)
GLI_CUDA_GEMM(forward_tensor_cores, gli_convolution, forward_call, gli_kernel_conv2d_tensor_cores)
GLI_CUDA_GEMM(forward_direct, gli_convolution, forward_call, gli_kernel_conv2d_direct)
GLI_CUDA_GEMM(data, gli_convolution, data_call, gli_kernel_conv2d)
GLI_CUDA_GEMM(data_tensor_cores, gli_convolution, data_call, gli_kernel_conv2d_tensor_cores)
GLI_CUDA_GEMM(filter, gli_convolution, gli_cuda_filter_convolution, gli_kernel_conv2d_filter)
GLI_CUDA_GEMM(filter_tensor_cores, gli_convolution, gli_cuda_filter_convolution, gli_kernel_conv2d_filter_tensor_cores)
GLI_CUDA_GEMM(filter_direct, gli_convolution, gli_cuda_filter_convolution, gli_kernel_conv2d_filter_direct)

/* The first convolution of a network: images of one channel or of three. */
#define GLI_ACCEPTS_DIRECT {GLI_TAKES_F32 | GLI_TAKES_HALVES, GLI_ANY_FORMAT}

static const char *decline_direct(const gli_call *call) {
    enum { MAX_CHANNELS = 3 };
    const gli_conv_geom *g = call->geom;
    if (g->groups > 1) return "only one group";
    if (g->c == 0 || g->c > MAX_CHANNELS) return "only one to three channels";
    if ((int64_t)g->c * g->r * g->s > GLI_DIRECT_MAX_K) return "the filters have too many elements";
    const gli_convolution conv = gli_cuda_convolution(call, GLIA_F32);
    if (!gli_kernel_conv2d_direct_fits(&conv)) return "the windows are too large for shared memory";
    return NULL;
}

static const char *decline_forward(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->n * g->z * g->p * g->q, g->k / g->groups);
}

static const char *decline_data(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->n * g->d * g->h * g->w, g->c / g->groups);
}

static const char *decline_filter(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->k / g->groups, g->c / g->groups * g->t * g->r * g->s);
}

GLI_CUDA_KERNEL_PROVIDER(conv2d, direct, GLI_ACCEPTS_DIRECT, decline_direct, .run = forward_direct, .strided_in = 7,
                         .strided_out = 1);
GLI_CUDA_KERNEL_PROVIDER(conv2d_backward_filter, direct, GLI_ACCEPTS_DIRECT, decline_direct, .run = filter_direct,
                         .workspace = filter_direct_workspace, .strided_in = 3, .strided_out = 3);
const gli_cuda_kernel *const gli_cuda_filter_direct_kernel = &conv2d_backward_filter_direct_kernel;
GLI_CUDA_KERNEL_PROVIDER(conv2d, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_forward, .run = forward_tensor_cores,
                         .workspace = forward_workspace, .strided_in = 7, .strided_out = 1);
GLI_CUDA_KERNEL_PROVIDER(conv2d_backward_data, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_data,
                         .run = data_tensor_cores, .workspace = data_workspace, .strided_in = 3, .strided_out = 1);
GLI_CUDA_KERNEL_PROVIDER(conv2d_backward_filter, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_filter,
                         .run = filter_tensor_cores, .workspace = filter_workspace, .strided_in = 3, .strided_out = 3);

GLI_CUDA_KERNEL(conv2d, portable, .run = forward, .workspace = forward_workspace, .strided_in = 7, .strided_out = 1)
GLI_CUDA_KERNEL(conv2d_backward_data, portable, .run = data, .workspace = data_workspace, .strided_in = 3,
                .strided_out = 1)
GLI_CUDA_KERNEL(conv2d_backward_filter, portable, .run = filter, .workspace = filter_workspace, .strided_in = 3,
                .strided_out = 3)

/* What calls of these ops may be in one group; the ops of a call are libglia's, and so told by their names. */
typedef struct member_kind {
    const char *op;
    const gli_cuda_kernel *kernel;
    gli_convolution (*describe)(const gli_call *call, const gli_cuda_view *view);
    bool filter;
} member_kind;

static const member_kind *kind_of(const gli_call *call) {
    static const member_kind kinds[] = {
        {"conv2d", &conv2d_portable_kernel, forward_call, false},
        {"conv2d_backward_data", &conv2d_backward_data_portable_kernel, data_call, false},
        {"conv2d_backward_filter", &conv2d_backward_filter_portable_kernel, gli_cuda_filter_convolution, true},
    };
    const member_kind *kind = kinds;
    while (strcmp(kind->op, call->op->name) != 0) ++kind;
    return kind;
}

/* Those of the first calls that need no copies; returns how many. */
static int describe_group(const gli_call *const *calls, int n, gli_convolution_call *out) {
    const gli_cuda_kernel *kernels[GLI_MAX_GROUP];
    gli_cuda_view views[GLI_MAX_GROUP];
    for (int i = 0; i < n; ++i) kernels[i] = kind_of(calls[i])->kernel;
    const int count = gli_cuda_views(calls, kernels, n, views);
    for (int i = 0; i < count; ++i) {
        const member_kind *kind = kind_of(calls[i]);
        out[i] = (gli_convolution_call){.conv = kind->describe(calls[i], &views[i]), .filter = kind->filter};
    }
    return count;
}

static int group(const gli_call *const *calls, int n) {
    gli_convolution_call all[GLI_MAX_GROUP];
    const gli_gpu gpu = gli_cuda_gpu(calls[0]);
    return gli_kernel_conv2d_group_size(all, describe_group(calls, n, all), &gpu);
}

static glia_status run_group(const gli_call *const *calls, void *const *workspaces, int n) {
    gli_convolution_call all[GLI_MAX_GROUP];
    const gli_gemm_run how = gli_cuda_gemm_run(calls[0], NULL);
    GLI_REQUIRE(calls[0]->ctx, describe_group(calls, n, all) == n, GLIA_UNSUPPORTED,
                "%s: a call of a group of %d needs copies", calls[0]->op->name, n);
    for (int i = 0; i < n; ++i) all[i].workspace = workspaces[i];
    GLI_CUDA_TRY(calls[0]->ctx, gli_kernel_conv2d_group(all, n, &how));
    return GLIA_OK;
}

#define PORTABLE_PROVIDER(op)                                                       \
    const gli_provider gli_##op##_portable = {.name      = "cuda.portable",         \
                                              .accepts   = GLI_ACCEPTS_ALL,         \
                                              .prepare   = prepare_##op##_portable, \
                                              .run       = run_##op##_portable,     \
                                              .group     = group,                   \
                                              .run_group = run_group,               \
                                              .mixed     = true}

PORTABLE_PROVIDER(conv2d);
PORTABLE_PROVIDER(conv2d_backward_data);
PORTABLE_PROVIDER(conv2d_backward_filter);

/* ---- volumes ---- */

GLI_CUDA_GEMM(forward_3d, gli_convolution, forward_call, gli_kernel_conv3d)
GLI_CUDA_GEMM(forward_3d_tensor_cores, gli_convolution, forward_call, gli_kernel_conv3d_tensor_cores)
GLI_CUDA_GEMM(data_3d, gli_convolution, data_call, gli_kernel_conv3d)
GLI_CUDA_GEMM(data_3d_tensor_cores, gli_convolution, data_call, gli_kernel_conv3d_tensor_cores)
GLI_CUDA_GEMM(filter_3d, gli_convolution, gli_cuda_filter_convolution, gli_kernel_conv3d_filter)
GLI_CUDA_GEMM(filter_3d_tensor_cores, gli_convolution, gli_cuda_filter_convolution,
              gli_kernel_conv3d_filter_tensor_cores)

GLI_CUDA_KERNEL_PROVIDER(conv3d, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_forward,
                         .run = forward_3d_tensor_cores, .workspace = forward_workspace, .strided_in = 7,
                         .strided_out = 1);
GLI_CUDA_KERNEL_PROVIDER(conv3d_backward_data, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_data,
                         .run = data_3d_tensor_cores, .workspace = data_workspace, .strided_in = 3, .strided_out = 1);
GLI_CUDA_KERNEL_PROVIDER(conv3d_backward_filter, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_filter,
                         .run = filter_3d_tensor_cores, .workspace = filter_workspace, .strided_in = 3,
                         .strided_out = 3);

GLI_CUDA_PROVIDER(conv3d, .run = forward_3d, .workspace = forward_workspace, .strided_in = 7, .strided_out = 1);
GLI_CUDA_PROVIDER(conv3d_backward_data, .run = data_3d, .workspace = data_workspace, .strided_in = 3, .strided_out = 1);
GLI_CUDA_PROVIDER(conv3d_backward_filter, .run = filter_3d, .workspace = filter_workspace, .strided_in = 3,
                  .strided_out = 3);
