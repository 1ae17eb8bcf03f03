#include "kernels/elementwise/binary_launch.h"

#include "core/provider.h"
#include "cuda/ops/broadcast_axes.h"
#include "cuda/ops/dense_view.h"
#include "ops/elementwise/binary_geom.h"

static gli_cuda_array array_of(const glia_tensor *tensor, const int64_t *stride, unsigned repeated) {
    return (gli_cuda_array){.ndim = tensor->ndim, .stride = stride, .repeated = repeated};
}

static glia_status binary(const gli_call *call, const gli_cuda_view *v) {
    const gli_binary_geom *g      = call->geom;
    const gli_cuda_array arrays[] = {array_of(call->out[0], v->out_stride[0], 0),
                                     array_of(call->in[GLI_BINARY_A], v->in_stride[GLI_BINARY_A], g->a_repeated),
                                     array_of(call->in[GLI_BINARY_B], v->in_stride[GLI_BINARY_B], g->b_repeated)};
    const gli_axes axes           = gli_cuda_broadcast_axes(g->ndim, g->dim, 3, arrays);
    GLI_CUDA_TRY(call->ctx, gli_kernel_binary(v->dtype, g->kind, &axes, v->in[GLI_BINARY_A], v->in[GLI_BINARY_B],
                                              v->out[0], v->stream));
    return GLIA_OK;
}

static unsigned repeated_of(const gli_binary_geom *g, int output) {
    return output == GLI_BINARY_DA ? g->a_repeated : g->b_repeated;
}

/* Of the backward op, whose tensors are dense: the axes of its sum for one output. */
static gli_cuda_sum_axes sum_axes(const gli_call *call, int output) {
    const gli_binary_geom *g = call->geom;
    const glia_tensor *a = call->in[GLI_BINARY_A], *b = call->in[GLI_BINARY_B], *dy = call->in[GLI_BINARY_DY];
    int64_t a_stride[GLIA_MAX_DIMS], b_stride[GLIA_MAX_DIMS], dy_stride[GLIA_MAX_DIMS];
    gli_dense_strides(a->ndim, a->dim, a_stride);
    gli_dense_strides(b->ndim, b->dim, b_stride);
    gli_dense_strides(dy->ndim, dy->dim, dy_stride);
    const gli_cuda_array arrays[] = {array_of(a, a_stride, g->a_repeated), array_of(b, b_stride, g->b_repeated),
                                     array_of(dy, dy_stride, 0)};
    return gli_cuda_broadcast_sum_axes(g->ndim, g->dim, repeated_of(g, output), 3, arrays);
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    size_t max = 0;
    for (int output = 0; output < 2; ++output) {
        if (!call->out[output] || !repeated_of(call->geom, output)) continue;
        const gli_cuda_sum_axes axes = sum_axes(call, output);
        const size_t bytes = gli_kernel_broadcast_sum_bytes(dtype, &axes.kept, &axes.summed, axes.kept_innermost);
        if (bytes > max) max = bytes;
    }
    return max;
}

static glia_status derivative(const gli_call *call, const gli_cuda_view *v, int output) {
    const gli_binary_geom *g            = call->geom;
    const gli_binary_backward_args args = {.dtype = v->dtype,
                                           .kind  = g->kind,
                                           .by_b  = output == GLI_BINARY_DB,
                                           .a     = v->in[GLI_BINARY_A],
                                           .b     = v->in[GLI_BINARY_B],
                                           .dy    = v->in[GLI_BINARY_DY],
                                           .out   = v->out[output]};
    if (repeated_of(g, output)) {
        const gli_cuda_sum_axes axes = sum_axes(call, output);
        GLI_CUDA_TRY(call->ctx, gli_kernel_binary_backward_sum(&args, &axes.kept, &axes.summed, axes.kept_innermost,
                                                               v->workspace, v->stream));
        return GLIA_OK;
    }
    const gli_cuda_array arrays[] = {array_of(call->out[output], v->out_stride[output], 0),
                                     array_of(call->in[GLI_BINARY_A], v->in_stride[GLI_BINARY_A], g->a_repeated),
                                     array_of(call->in[GLI_BINARY_B], v->in_stride[GLI_BINARY_B], g->b_repeated),
                                     array_of(call->in[GLI_BINARY_DY], v->in_stride[GLI_BINARY_DY], 0)};
    const gli_axes axes           = gli_cuda_broadcast_axes(g->ndim, g->dim, 4, arrays);
    GLI_CUDA_TRY(call->ctx, gli_kernel_binary_backward(&args, &axes, v->stream));
    return GLIA_OK;
}

static glia_status binary_backward(const gli_call *call, const gli_cuda_view *v) {
    for (int output = 0; output < 2; ++output)
        if (v->out[output]) GLI_TRY(derivative(call, v, output));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(binary, .run = binary, .strided_in = 1 << GLI_BINARY_A | 1 << GLI_BINARY_B, .strided_out = 1);
GLI_CUDA_PROVIDER(binary_backward, .run = binary_backward, .workspace = workspace);
