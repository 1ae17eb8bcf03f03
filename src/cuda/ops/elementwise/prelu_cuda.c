#include "kernels/elementwise/prelu_launch.h"

#include "core/provider.h"
#include "cuda/ops/broadcast_axes.h"
#include "cuda/ops/dense_view.h"
#include "kernels/elementwise/binary_launch.h"
#include "ops/elementwise/prelu_geom.h"

enum { CHANNELS = 1 }; /* the axis */

/* An array of x's shape. */
static gli_cuda_array like_x(const gli_call *call, const int64_t *stride) {
    return (gli_cuda_array){.ndim = call->in[GLI_PRELU_X]->ndim, .stride = stride};
}

/* The slope, which repeats along all axes but that of the channels, where it has one for each. */
static gli_cuda_array slope_of(const gli_call *call, const gli_cuda_view *v, int64_t *stride) {
    const gli_prelu_geom *g = call->geom;
    for (int i = 0; i < GLIA_MAX_DIMS; ++i) stride[i] = 0;
    if (g->channels > 1) stride[CHANNELS] = v->in_stride[GLI_PRELU_SLOPE][0];
    return like_x(call, stride);
}

static void sizes_of(const glia_tensor *x, int *dim) {
    for (int i = 0; i < x->ndim; ++i) dim[i] = (int)x->dim[i];
}

static glia_status prelu(const gli_call *call, const gli_cuda_view *v) {
    int64_t slope_stride[GLIA_MAX_DIMS];
    int dim[GLIA_MAX_DIMS];
    const gli_cuda_array arrays[] = {like_x(call, v->out_stride[0]), like_x(call, v->in_stride[GLI_PRELU_X]),
                                     slope_of(call, v, slope_stride)};
    sizes_of(call->in[GLI_PRELU_X], dim);
    const gli_axes axes = gli_cuda_broadcast_axes(call->in[GLI_PRELU_X]->ndim, dim, 3, arrays);
    GLI_CUDA_TRY(call->ctx,
                 gli_kernel_prelu(v->dtype, &axes, v->in[GLI_PRELU_X], v->in[GLI_PRELU_SLOPE], v->out[0], v->stream));
    return GLIA_OK;
}

/* Of the backward op, whose tensors are dense. */
static gli_cuda_sum_axes slope_axes(const gli_call *call) {
    const gli_prelu_geom *g = call->geom;
    const glia_tensor *x    = call->in[GLI_PRELU_X];
    int64_t stride[GLIA_MAX_DIMS];
    int dim[GLIA_MAX_DIMS];
    gli_dense_strides(x->ndim, x->dim, stride);
    sizes_of(x, dim);
    const unsigned repeated = g->channels == 1 ? ~0u : ~(1u << CHANNELS);
    return gli_cuda_broadcast_sum_axes(x->ndim, dim, repeated, 2,
                                       (gli_cuda_array[]){like_x(call, stride), like_x(call, stride)});
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    if (!call->out[GLI_PRELU_DSLOPE]) return 0;
    const gli_cuda_sum_axes axes = slope_axes(call);
    return gli_kernel_broadcast_sum_bytes(dtype, &axes.kept, &axes.summed, axes.kept_innermost);
}

static glia_status dslope(const gli_call *call, const gli_cuda_view *v) {
    const gli_cuda_sum_axes axes    = slope_axes(call);
    const gli_prelu_slope_args args = {.dtype     = v->dtype,
                                       .x         = v->in[GLI_PRELU_X],
                                       .dy        = v->in[GLI_PRELU_DY],
                                       .dslope    = v->out[GLI_PRELU_DSLOPE],
                                       .workspace = v->workspace};
    GLI_CUDA_TRY(call->ctx, gli_kernel_prelu_slope(&args, &axes.kept, &axes.summed, axes.kept_innermost, v->stream));
    return GLIA_OK;
}

static glia_status dx(const gli_call *call, const gli_cuda_view *v) {
    int64_t slope_stride[GLIA_MAX_DIMS];
    int dim[GLIA_MAX_DIMS];
    const gli_cuda_array arrays[] = {like_x(call, v->out_stride[GLI_PRELU_DX]), like_x(call, v->in_stride[GLI_PRELU_X]),
                                     slope_of(call, v, slope_stride), like_x(call, v->in_stride[GLI_PRELU_DY])};
    sizes_of(call->in[GLI_PRELU_X], dim);
    const gli_axes axes = gli_cuda_broadcast_axes(call->in[GLI_PRELU_X]->ndim, dim, 4, arrays);
    GLI_CUDA_TRY(call->ctx, gli_kernel_prelu_backward(v->dtype, &axes, v->in[GLI_PRELU_X], v->in[GLI_PRELU_SLOPE],
                                                      v->in[GLI_PRELU_DY], v->out[GLI_PRELU_DX], v->stream));
    return GLIA_OK;
}

/* dslope comes first: dx may be written over dy. */
static glia_status prelu_backward(const gli_call *call, const gli_cuda_view *v) {
    if (v->out[GLI_PRELU_DSLOPE]) GLI_TRY(dslope(call, v));
    return v->out[GLI_PRELU_DX] ? dx(call, v) : GLIA_OK;
}

GLI_CUDA_PROVIDER(prelu, .run = prelu, .strided_in = 1 << GLI_PRELU_X | 1 << GLI_PRELU_SLOPE, .strided_out = 1);
GLI_CUDA_PROVIDER(prelu_backward, .run = prelu_backward, .workspace = workspace);
