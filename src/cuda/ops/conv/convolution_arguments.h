/* The problem that the kernels of convolution take, from a call. */
#ifndef GLI_CUDA_OPS_CONV_CONVOLUTION_ARGUMENTS_H
#define GLI_CUDA_OPS_CONV_CONVOLUTION_ARGUMENTS_H

#include "cuda/ops/dense_view.h"
#include "kernels/conv/conv2d_launch.h"
#include "ops/conv/conv_geom.h"

/* Data and strides of [N,C,H,W] or, of rank 3, [N,C,D,H,W]; the sizes stay. */
static inline void gli_cuda_set_image(int rank, gli_image *image, const void *data, const int64_t *stride) {
    image->data = (void *)data;
    image->n = stride[0], image->c = stride[1], image->d = rank > 2 ? stride[2] : 0;
    image->h = stride[rank], image->w = stride[rank + 1];
}

/* Filters [a,b,R,S] or [a,b,T,R,S] in groups of `group` of the first dimension. out_first: y's channels are the first
 * dimension, otherwise the second. */
static inline void gli_cuda_set_filters(int rank, gli_convolution *v, const void *data, const int64_t *stride,
                                        int group, bool out_first) {
    v->w       = (void *)data;
    v->w_group = group * stride[0];
    v->w_out   = stride[!out_first];
    v->w_in    = stride[out_first];
    v->w_t = rank > 2 ? stride[2] : 0, v->w_r = stride[rank], v->w_s = stride[rank + 1];
}

static inline void gli_cuda_set_bias(gli_convolution *v, const void *data, const int64_t *stride) {
    v->has_bias    = true;
    v->bias        = (void *)data;
    v->bias_stride = stride[0];
}

/* Of an x [n,c,d,h,w] and a y [n,k,z,p,q], without their arrays. */
static inline gli_convolution gli_cuda_convolution(const gli_call *call, glia_dtype dtype) {
    const gli_conv_geom *g = call->geom;
    return (gli_convolution){.dtype      = dtype,
                             .n          = g->n,
                             .groups     = g->groups,
                             .in         = g->c / g->groups,
                             .out        = g->k / g->groups,
                             .t          = g->t,
                             .r          = g->r,
                             .s          = g->s,
                             .stride_d   = g->stride_d,
                             .stride_h   = g->stride_h,
                             .stride_w   = g->stride_w,
                             .pad_d      = g->pad_d,
                             .pad_h      = g->pad_h,
                             .pad_w      = g->pad_w,
                             .dilation_d = g->dilation_d,
                             .dilation_h = g->dilation_h,
                             .dilation_w = g->dilation_w,
                             .x          = {.depth = g->d, .height = g->h, .width = g->w},
                             .y          = {.depth = g->z, .height = g->p, .width = g->q},
                             .activation = g->activation};
}

#endif
