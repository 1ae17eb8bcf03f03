#include "kernels/pool/pool2d_arrays.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"
#include "ops/pool/pool2d_geom.h"

static void take(int64_t to[4], const int64_t *strides) {
    for (int d = 0; strides && d < 4; ++d) to[d] = strides[d];
}

/* x, y: the strides of x and y, or of dx and dy; indices: NULL where there are none. */
static gli_pool_shape shape_of(const gli_pool2d_geom *g, const int64_t *x, const int64_t *y, const int64_t *indices) {
    gli_pool_shape s = {.n = g->n, .c = g->c, .h = g->h, .w = g->w, .p = g->p, .q = g->q, .r = g->r, .s = g->s};
    s.stride_h = g->stride_h, s.stride_w = g->stride_w;
    s.pad_h = g->pad_h, s.pad_w = g->pad_w, s.pad_h_end = g->pad_h_end, s.pad_w_end = g->pad_w_end;
    s.dilation_h = g->dilation_h, s.dilation_w = g->dilation_w;
    s.count_include_pad = g->count_include_pad;
    take(s.x, x), take(s.y, y), take(s.indices, indices);
    return s;
}

/* Averages have no dilation, adaptive windows nothing but sizes. */
static gli_pool_shape forward_shape(const gli_call *call, const gli_cuda_view *v, bool adaptive) {
    const int64_t *indices = call->op->n_outputs > GLI_POOL_INDICES ? v->out_stride[GLI_POOL_INDICES] : NULL;
    gli_pool_shape s       = shape_of(call->geom, v->in_stride[0], v->out_stride[GLI_POOL_Y], indices);
    s.adaptive             = adaptive;
    return s;
}

static glia_status avg_forward(const gli_call *call, const gli_cuda_view *v, bool adaptive) {
    const gli_pool_shape s = forward_shape(call, v, adaptive);
    GLI_CUDA_TRY(call->ctx, gli_kernel_avg_pool2d(v->dtype, &s, v->in[0], v->out[0], v->stream));
    return GLIA_OK;
}

static glia_status avg_backward(const gli_call *call, const gli_cuda_view *v, bool adaptive) {
    gli_pool_shape s = shape_of(call->geom, v->out_stride[0], v->in_stride[0], NULL);
    s.adaptive       = adaptive;
    GLI_CUDA_TRY(call->ctx, gli_kernel_avg_pool2d_backward(v->dtype, &s, v->in[0], v->out[0], v->stream));
    return GLIA_OK;
}

static glia_status max_forward(const gli_call *call, const gli_cuda_view *v, bool adaptive) {
    const gli_pool_shape s = forward_shape(call, v, adaptive);
    GLI_CUDA_TRY(call->ctx, gli_kernel_max_pool2d(v->dtype, &s, v->in[0], v->out[GLI_POOL_Y], v->out[GLI_POOL_INDICES],
                                                  v->stream));
    return GLIA_OK;
}

static glia_status avg_pool2d(const gli_call *call, const gli_cuda_view *v) { return avg_forward(call, v, false); }
static glia_status adaptive_avg_pool2d(const gli_call *call, const gli_cuda_view *v) {
    return avg_forward(call, v, true);
}
static glia_status avg_pool2d_backward(const gli_call *call, const gli_cuda_view *v) {
    return avg_backward(call, v, false);
}
static glia_status adaptive_avg_pool2d_backward(const gli_call *call, const gli_cuda_view *v) {
    return avg_backward(call, v, true);
}
static glia_status max_pool2d(const gli_call *call, const gli_cuda_view *v) { return max_forward(call, v, false); }
static glia_status adaptive_max_pool2d(const gli_call *call, const gli_cuda_view *v) {
    return max_forward(call, v, true);
}

static glia_status max_pool2d_backward(const gli_call *call, const gli_cuda_view *v) {
    const gli_pool_shape s =
        shape_of(call->geom, v->out_stride[0], v->in_stride[GLI_POOL_BACK_DY], v->in_stride[GLI_POOL_BACK_INDICES]);
    GLI_CUDA_TRY(call->ctx, gli_kernel_max_pool2d_backward(v->dtype, &s, v->in[GLI_POOL_BACK_DY],
                                                           v->in[GLI_POOL_BACK_INDICES], v->out[0], v->stream));
    return GLIA_OK;
}

#define ANY_STRIDES .strided_in = 3, .strided_out = 3

GLI_CUDA_PROVIDER(avg_pool2d, .run = avg_pool2d, ANY_STRIDES);
GLI_CUDA_PROVIDER(avg_pool2d_backward, .run = avg_pool2d_backward, ANY_STRIDES);
GLI_CUDA_PROVIDER(adaptive_avg_pool2d, .run = adaptive_avg_pool2d, ANY_STRIDES);
GLI_CUDA_PROVIDER(adaptive_avg_pool2d_backward, .run = adaptive_avg_pool2d_backward, ANY_STRIDES);
GLI_CUDA_PROVIDER(max_pool2d, .run = max_pool2d, ANY_STRIDES);
GLI_CUDA_PROVIDER(adaptive_max_pool2d, .run = adaptive_max_pool2d, ANY_STRIDES);
GLI_CUDA_PROVIDER(max_pool2d_backward, .run = max_pool2d_backward, ANY_STRIDES, .typed_in = 1 << GLI_POOL_BACK_INDICES);
