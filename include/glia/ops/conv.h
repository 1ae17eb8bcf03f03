/* Convolution. The gradients are in glia/ops/backward/conv.h. */
#ifndef GLIA_OPS_CONV_H
#define GLIA_OPS_CONV_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Pairs are {rows, columns}. */
typedef struct glia_conv2d_params {
    int stride[2];
    int pad[2];                 /* zeros before the first row and column */
    int pad_end[2];             /* zeros after the last */
    int dilation[2];            /* 1: the kernel's elements are neighbours in x */
    int groups;                 /* C: depthwise */
    glia_activation activation; /* fused; those whose derivative is a function of y: linear, sigmoid, tanh, relu */
} glia_conv2d_params;

/* stride 1, no padding, dilation 1, one group, linear. */
GLIA_API glia_conv2d_params glia_conv2d_defaults(void);

/* y[n,k,p,q] = act(bias[k] + sum over c,r,s of x[n, g C/G + c, p stride - pad + r dilation, q stride - pad + s
 * dilation] w[k,c,r,s]), where g = k / (K/G) is the group of filter k and x is 0 outside its rows and columns. These
 * zeros are not multiplied, so an infinite weight gives no NaN there; cuDNN may multiply them.
 * x: [N,C,H,W]   w: [K,C/G,R,S]   bias: [K] or NULL
 * y: [N,K,P,Q], P = (H + pad + pad_end - dilation (R-1) - 1) / stride + 1. Floats. Source: cross-correlation as in
 * PyTorch's conv2d and ONNX Conv. */
GLIA_API glia_status glia_conv2d(glia_context *ctx, const glia_conv2d_params *params, const glia_tensor *x,
                                 const glia_tensor *w, const glia_tensor *bias, glia_tensor *y);

/* Triples are {slices, rows, columns}. */
typedef struct glia_conv3d_params {
    int stride[3], pad[3], pad_end[3], dilation[3]; /* as those of glia_conv2d_params */
    int groups;
    glia_activation activation;
} glia_conv3d_params;

/* stride 1, no padding, dilation 1, one group, linear. */
GLIA_API glia_conv3d_params glia_conv3d_defaults(void);

/* glia_conv2d over volumes: with one more sum, over t, and one more index of y, z, for the slices.
 * x: [N,C,D,H,W]   w: [K,C/G,T,R,S]   bias: [K] or NULL
 * y: [N,K,Z,P,Q], Z = (D + pad + pad_end - dilation (T-1) - 1) / stride + 1, P and Q alike. Floats. Source:
 * cross-correlation as in PyTorch's conv3d and ONNX Conv. */
GLIA_API glia_status glia_conv3d(glia_context *ctx, const glia_conv3d_params *params, const glia_tensor *x,
                                 const glia_tensor *w, const glia_tensor *bias, glia_tensor *y);

typedef struct glia_conv2d_transpose_params {
    int stride[2];
    int pad[2];        /* rows and columns cropped before the first */
    int pad_end[2];    /* cropped after the last */
    int output_pad[2]; /* rows and columns more after the last; below the stride */
    int dilation[2];
    int groups;
    glia_activation activation; /* fused: linear, sigmoid, tanh or relu */
} glia_conv2d_transpose_params;

/* stride 1, nothing cropped, dilation 1, one group, linear. */
GLIA_API glia_conv2d_transpose_params glia_conv2d_transpose_defaults(void);

/* y[n,k,p,q] = act(bias[k] + sum over c of its group, i, j, r, s of x[n,c,i,j] w[c,k - g K/G,r,s]), over all i, r with
 * i stride - pad + r dilation = p and all j, s with j stride - pad + s dilation = q. g = k / (K/G) is the group of
 * channel k, and has the channels g C/G to (g + 1) C/G - 1 of x. This is glia_conv2d's derivative with respect to its
 * input.
 * x: [N,C,H,W]   w: [C,K/G,R,S]   bias: [K] or NULL
 * y: [N,K,P,Q], P = (H - 1) stride - pad - pad_end + dilation (R - 1) + output_pad + 1. Floats.
 * Source: PyTorch's conv_transpose2d and ONNX ConvTranspose. */
GLIA_API glia_status glia_conv2d_transpose(glia_context *ctx, const glia_conv2d_transpose_params *params,
                                           const glia_tensor *x, const glia_tensor *w, const glia_tensor *bias,
                                           glia_tensor *y);

typedef struct glia_conv1d_params {
    int stride;
    int pad;     /* zeros before the first element */
    int pad_end; /* zeros after the last */
    int dilation;
    int groups;
    glia_activation activation; /* as for glia_conv2d */
} glia_conv1d_params;

/* stride 1, no padding, dilation 1, one group, linear. */
GLIA_API glia_conv1d_params glia_conv1d_defaults(void);

/* glia_conv2d over one row.
 * x: [N,C,W]   w: [K,C/G,S]   bias: [K] or NULL   y: [N,K,Q]. Floats. */
GLIA_API glia_status glia_conv1d(glia_context *ctx, const glia_conv1d_params *params, const glia_tensor *x,
                                 const glia_tensor *w, const glia_tensor *bias, glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
