#include "ops/conv/conv_geom.h"

#include <string.h>

#include "core/dtype.h"
#include "core/provider.h"
#include "core/size.h"
#include "cuda/library/access.h"
#include "cuda/library/autotune.h"
#include "cuda/library/cudnn/cudnn.h"
#include "cuda/library/library.h"
#include "kernels/gemm/bias_launch.h"
#include "kernels/movement/copy_launch.h"
#include "kernels/reduce/reduce_launch.h"
#include "ops/conv/conv2d_transpose_geom.h"

/* The engines for exact f32 convert images with channels last, and their results back, in passes of their own; those
 * for tensor cores convert all others. See docs/gpu.md. Filters are converted once for all calls of a plan. */
gli_image_formats gli_cudnn_image_formats(glia_context *ctx, glia_dtype dtype) {
    if (dtype == GLIA_F64) return GLI_CUDA_OWN_IMAGE_FORMATS;
    const gli_memory_format format =
        dtype == GLIA_F32 && ctx->math == GLIA_MATH_F32 ? GLI_ROW_MAJOR : GLI_CHANNELS_LAST;
    return (gli_image_formats){format, format};
}

/* A tensor of a call: input or output number `index`. */
typedef struct tensor_index {
    bool output;
    int index; /* -1: there is none */
} tensor_index;

/* One op in terms of a convolution: which of its tensors are the image x, the filters w and the image y. */
typedef struct roles {
    gli_cudnn_convolving kind;
    tensor_index x, w, y, bias;
    tensor_index result;
    tensor_index sums; /* of y over all but its channels: an output */
    int c;             /* channels of x */
} roles;

/* The state of a prepared call. */
typedef struct plan {
    glia_context *ctx;
    roles roles;
    gli_cudnn_convolution conv;
    gli_cudnn_plans *plans;
    int chosen;
    bool copies_w;     /* the filters lie [K,C,R,S], and cuDNN gets them with the channels innermost */
    size_t copy_bytes; /* of the workspace, before cuDNN's */
    bool bias, last;   /* bias and activation are a pass of our own; y has its channels last */
    glia_unary_kind activation;
} plan;

static const glia_tensor *tensor_of(const gli_call *call, tensor_index p) {
    if (p.index < 0) return NULL;
    return p.output ? call->out[p.index] : p.index < call->n_in ? call->in[p.index] : NULL;
}

static const char *decline(const gli_call *call, const roles *r) {
    const glia_tensor *x = tensor_of(call, r->x), *w = tensor_of(call, r->w), *y = tensor_of(call, r->y);
    if (gli_count(x) > INT32_MAX || gli_count(w) > INT32_MAX || gli_count(y) > INT32_MAX)
        return "a tensor has more than 2^31-1 elements";
    if (r->c == 1 || r->c == 3) return "cuDNN is slow for images of 1 or 3 channels";
    if (!gli_is_dense(w) && !(gli_is_channels_last(w) && gli_is_channels_last(x) && gli_is_channels_last(y)))
        return "the filters do not lie dense";
    return gli_cudnn_missing(call->ctx);
}

/* The strides are written anew, because those of dimensions of size 1 are anything. */
static gli_cudnn_tensor described(const glia_tensor *x, bool last, int alignment) {
    gli_cudnn_tensor t = {.alignment = alignment};
    memcpy(t.dim, x->dim, sizeof t.dim);
    if (last)
        gli_channels_last_strides(4, x->dim, t.stride);
    else
        gli_dense_strides(4, x->dim, t.stride);
    return t;
}

static void describe(plan *p, const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    const glia_tensor *x = tensor_of(call, p->roles.x), *w = tensor_of(call, p->roles.w);
    const glia_tensor *y = tensor_of(call, p->roles.y), *bias = tensor_of(call, p->roles.bias);
    p->last       = gli_is_channels_last(x) && gli_is_channels_last(y);
    p->copies_w   = p->last && !gli_is_channels_last(w);
    p->copy_bytes = p->copies_w ? (size_t)gli_count(w) * glia_dtype_size(w->dtype) : 0;
    p->copy_bytes = gli_align_up(p->copy_bytes, GLI_CUDNN_ALIGNMENT);
    p->bias       = bias != NULL;
    p->activation = g->activation;
    p->conv       = (gli_cudnn_convolution){.kind     = p->roles.kind,
                                            .dtype    = x->dtype,
                                            .x        = described(x, p->last, gli_cuda_access(x->data)),
                                            .w        = described(w, p->last, gli_cuda_access(p->copies_w ? NULL : w->data)),
                                            .y        = described(y, p->last, gli_cuda_access(y->data)),
                                            .stride   = {g->stride_h, g->stride_w},
                                            .dilation = {g->dilation_h, g->dilation_w},
                                            .pad      = {g->pad_h, g->pad_w},
                                            .pad_end  = {g->pad_h_end, g->pad_w_end}};
}

/* For a graph of two operations cuDNN 9.26 ignores what it is told about alignment. */
static bool all_aligned(const gli_cudnn_convolution *c, const glia_tensor *bias) {
    return c->x.alignment == GLI_CUDA_ACCESS && c->w.alignment == GLI_CUDA_ACCESS &&
           c->y.alignment == GLI_CUDA_ACCESS && gli_cuda_access(bias->data) == GLI_CUDA_ACCESS;
}

/* With the bias inside where cuDNN has an engine for that; with an activation both are a pass of our own: of the
 * engines that fuse a relu, only the slowest is marked as one that propagates NaN. */
static glia_status plan_fused(plan *p, const gli_call *call) {
    const glia_tensor *bias     = tensor_of(call, p->roles.bias);
    gli_cudnn_convolution fused = p->conv;
    if (p->roles.kind != GLI_CUDNN_FORWARD || !bias || p->activation != GLIA_UNARY_LINEAR) return GLIA_UNSUPPORTED;
    if (!all_aligned(&p->conv, bias)) return GLIA_UNSUPPORTED;
    fused.bias = true;
    GLI_TRY(gli_cudnn_plan(call->ctx, &fused, &p->plans));
    p->bias = false;
    return GLIA_OK;
}

static void *aligned(void *workspace) { return (void *)gli_align_up((uintptr_t)workspace, GLI_CUDNN_ALIGNMENT); }

static glia_status copy_filters(const plan *p, const gli_call *call, void *channels_inner, bool back) {
    const glia_tensor *w = tensor_of(call, p->roles.w);
    gli_copy_geom g      = {.ndim = 4};
    gli_copy_side own = {.dtype = w->dtype, .data = w->data}, other = {.dtype = w->dtype, .data = channels_inner};
    memcpy(g.dim, w->dim, sizeof p->conv.w.dim);
    memcpy(own.stride, w->stride, sizeof p->conv.w.dim);
    memcpy(other.stride, p->conv.w.stride, sizeof p->conv.w.dim);
    g.to   = back ? own : other;
    g.from = back ? other : own;
    GLI_CUDA_TRY(call->ctx, gli_kernel_copy(&g, call->stream));
    return GLIA_OK;
}

static glia_status finish(const plan *p, const gli_call *call) {
    const glia_tensor *y = tensor_of(call, p->roles.result), *bias = tensor_of(call, p->roles.bias);
    const int k = (int)y->dim[1], area = (int)(y->dim[2] * y->dim[3]), n = (int)y->dim[0];
    if (!p->bias && p->activation == GLIA_UNARY_LINEAR) return GLIA_OK;
    GLI_CUDA_TRY(call->ctx, gli_kernel_bias(y->dtype, p->activation, y->data, p->bias ? bias->data : NULL,
                                            p->last ? n * area : n, k, p->last ? 1 : area, call->stream));
    return GLIA_OK;
}

static glia_status run_candidate(const gli_call *call, void *state, int candidate, void *workspace) {
    const plan *p                     = state;
    const glia_tensor *bias           = tensor_of(call, p->roles.bias);
    char *memory                      = aligned(workspace);
    const bool writes_w               = p->roles.kind == GLI_CUDNN_BACKWARD_FILTER;
    const gli_cudnn_pointers pointers = {.x    = tensor_of(call, p->roles.x)->data,
                                         .w    = p->copies_w ? memory : tensor_of(call, p->roles.w)->data,
                                         .y    = tensor_of(call, p->roles.y)->data,
                                         .bias = bias ? bias->data : NULL};
    if (p->copies_w && !writes_w) GLI_TRY(copy_filters(p, call, memory, false));
    GLI_TRY(gli_cudnn_execute(p->plans, candidate, &pointers, memory + p->copy_bytes));
    if (p->copies_w && writes_w) GLI_TRY(copy_filters(p, call, memory, true));
    return finish(p, call);
}

static void log_choice(const plan *p, const gli_call *call) {
    char text[GLI_CUDNN_TEXT];
    if (gli_log_enabled(call->ctx, GLI_LOG_DISPATCH))
        gli_log(call->ctx, GLI_LOG_DISPATCH, "%s: cuDNN's %s", call->op->name,
                gli_cudnn_plan_text(p->plans, p->chosen, text));
}

static glia_status build(plan *p, const gli_call *call) {
    describe(p, call);
    glia_status status = plan_fused(p, call);
    if (status != GLIA_OK && status != GLIA_OUT_OF_MEMORY && status != GLIA_DEVICE_LOST)
        status = gli_cudnn_plan(call->ctx, &p->conv, &p->plans);
    GLI_TRY(status);
    gli_cuda_candidates candidates = {
        .count = gli_cudnn_plans_count(p->plans), .state = p, .run = run_candidate, .provider = "cuda.cudnn"};
    for (int i = 0; i < candidates.count; ++i)
        if (gli_cudnn_workspace(p->plans, i) > candidates.workspace)
            candidates.workspace = gli_cudnn_workspace(p->plans, i);
    candidates.workspace += p->copy_bytes;
    if (gli_cudnn_can_execute(p->plans)) GLI_TRY(gli_cuda_tune(call, &candidates, &p->chosen));
    log_choice(p, call);
    return GLIA_OK;
}

/* cuDNN's own gradient of a bias is slow for channels-last images. */
static gli_reduce_shape sums_of(const plan *p) {
    const int64_t *dim = p->conv.y.dim, *stride = p->conv.y.stride;
    const int n = (int)dim[0], k = (int)dim[1], area = (int)(dim[2] * dim[3]);
    gli_reduce_shape s = {.kept = {1, {k}, {stride[1]}}, .outputs = k, .set = n * area};
    s.reduced = p->last ? (gli_reduce_axes){1, {n * area}, {k}} : (gli_reduce_axes){2, {n, area}, {stride[0], 1}};
    return s;
}

static glia_status sum(const plan *p, const gli_call *call, void *workspace) {
    const glia_tensor *y = tensor_of(call, p->roles.y), *sums = tensor_of(call, p->roles.sums);
    const gli_reduce_shape shape = sums_of(p);
    if (!sums) return GLIA_OK;
    GLI_CUDA_TRY(call->ctx, gli_kernel_reduce(y->dtype, GLIA_REDUCE_SUM, &shape, y->data, sums->data,
                                              aligned(workspace), call->stream));
    return GLIA_OK;
}

static size_t workspace_of(const plan *p, const gli_call *call) {
    const gli_reduce_shape shape = sums_of(p);
    const glia_tensor *sums      = tensor_of(call, p->roles.sums);
    const size_t cudnn           = p->copy_bytes + gli_cudnn_workspace(p->plans, p->chosen);
    const size_t own             = sums ? gli_kernel_reduce_workspace(sums->dtype, &shape) : 0;
    return (own > cudnn ? own : cudnn) + GLI_CUDNN_ALIGNMENT;
}

static void release(gli_prepared *prepared) {
    plan *p = prepared->state;
    if (!p) return;
    gli_cudnn_plans_free(p->plans);
    gli_free(p->ctx, p, 1, sizeof *p);
    *prepared = (gli_prepared){0};
}

static glia_status prepare(const gli_call *call, const roles *r, gli_prepared *out) {
    void *memory;
    GLI_TRY(gli_new(call->ctx, 1, sizeof(plan), "a convolution's plan", &memory));
    plan *p                  = memory;
    *p                       = (plan){.ctx = call->ctx, .roles = *r};
    *out                     = (gli_prepared){.state = p};
    const glia_status status = build(p, call);
    if (status != GLIA_OK) {
        release(out);
        return gli_cuda_refusal(status);
    }
    out->workspace = workspace_of(p, call);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    plan *p = prepared->state;
    GLI_TRY(run_candidate(call, p, p->chosen, workspace));
    return sum(p, call, workspace);
}

static roles forward(const gli_call *call) {
    return (roles){.kind   = GLI_CUDNN_FORWARD,
                   .x      = {false, GLI_CONV_X},
                   .w      = {false, GLI_CONV_W},
                   .y      = {true, 0},
                   .bias   = {false, GLI_CONV_BIAS},
                   .result = {true, 0},
                   .sums   = {false, -1},
                   .c      = ((const gli_conv_geom *)call->geom)->c};
}

static roles backward_data(const gli_call *call) {
    return (roles){.kind   = GLI_CUDNN_BACKWARD_DATA,
                   .x      = {true, 0},
                   .w      = {false, GLI_CONV_DATA_W},
                   .y      = {false, GLI_CONV_DATA_DY},
                   .bias   = {false, -1},
                   .result = {true, 0},
                   .sums   = {false, -1},
                   .c      = ((const gli_conv_geom *)call->geom)->c};
}

static roles backward_filter(const gli_call *call) {
    return (roles){.kind   = GLI_CUDNN_BACKWARD_FILTER,
                   .x      = {false, GLI_CONV_FILTER_X},
                   .w      = {true, GLI_CONV_FILTER_DW},
                   .y      = {false, GLI_CONV_FILTER_DY},
                   .bias   = {false, -1},
                   .result = {true, GLI_CONV_FILTER_DW},
                   .sums   = {true, GLI_CONV_FILTER_DBIAS},
                   .c      = ((const gli_conv_geom *)call->geom)->c};
}

/* The transposed convolution is the gradient with respect to the image of the convolution whose filters are w: its x is
 * that gradient's dy. */
static roles transpose(const gli_call *call) {
    return (roles){.kind   = GLI_CUDNN_BACKWARD_DATA,
                   .x      = {true, 0},
                   .w      = {false, GLI_CONV2D_TRANSPOSE_W},
                   .y      = {false, GLI_CONV2D_TRANSPOSE_X},
                   .bias   = {false, GLI_CONV2D_TRANSPOSE_BIAS},
                   .result = {true, 0},
                   .sums   = {false, -1},
                   .c      = ((const gli_conv2d_transpose_geom *)call->geom)->k};
}

/* Defines the provider gli_OP_cudnn of the roles that a call's tensors play. */
#define PROVIDER(op, dtypes_, roles_of)                                                                      \
    static const char *decline_##op(const gli_call *call) {                                                  \
        const roles r = roles_of(call);                                                                      \
        return decline(call, &r);                                                                            \
    }                                                                                                        \
    static glia_status prepare_##op(const gli_call *call, gli_prepared *out) {                               \
        const roles r = roles_of(call);                                                                      \
        return prepare(call, &r, out);                                                                       \
    }                                                                                                        \
    const gli_provider gli_##op##_cudnn = {                                                                  \
        .name    = "cuda.cudnn",                                                                             \
        .accepts = {dtypes_, GLI_ROW_MAJOR | GLI_CHANNELS_LAST, .images = GLI_ROW_MAJOR | GLI_CHANNELS_LAST, \
                    .flags = GLI_NOT_EMPTY},                                                                 \
        .decline = decline_##op,                                                                             \
        .prepare = prepare_##op,                                                                             \
        .run     = run,                                                                                      \
        .release = release}

/* The gradient of the filters is f32 beside bf16 and f16, and cuDNN's documentation promises no such result. */
PROVIDER(conv2d, GLI_TAKES_F32 | GLI_TAKES_HALVES, forward);
PROVIDER(conv2d_backward_data, GLI_TAKES_F32 | GLI_TAKES_HALVES, backward_data);
PROVIDER(conv2d_backward_filter, GLI_TAKES_F32, backward_filter);
PROVIDER(conv2d_transpose, GLI_TAKES_F32 | GLI_TAKES_HALVES, transpose);
