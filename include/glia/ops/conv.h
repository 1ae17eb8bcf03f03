/* Convolution. */
#ifndef GLIA_OPS_CONV_H
#define GLIA_OPS_CONV_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_conv2d_params {
    int stride[2];              /* default 1 */
    int pad[2];                 /* zeros before the first row and column */
    int pad_end[2];             /* zeros after the last; 0: as pad; GLIA_NO_PAD: none */
    int dilation[2];            /* default 1 */
    int groups;                 /* default 1; C: depthwise */
    glia_unary_kind activation; /* fused; the kinds whose derivative is a function of y: linear, sigmoid, tanh, relu */
} glia_conv2d_params;

/* y[n,k,p,q] = act(bias[k] + sum over c,r,s of x[n, g C/G + c, p stride - pad + r dilation, q stride - pad + s
 * dilation] w[k,c,r,s]), where g = k / (K/G) is the group of filter k and x is 0 outside its rows and columns. x:
 * [N,C,H,W]   w: [K,C/G,R,S]   bias: [K] or NULL   y: [N,K,P,Q], P = (H + pad + pad_end - dilation (R-1) - 1) / stride
 * + 1. Floats. Source: cross-correlation as in PyTorch's conv2d and ONNX Conv. */
GLIA_API glia_status glia_conv2d(glia_context *ctx, const glia_conv2d_params *params, const glia_tensor *x,
                                 const glia_tensor *w, const glia_tensor *bias, glia_tensor *y);

typedef struct glia_conv2d_backward_params {
    glia_conv2d_params conv; /* of the forward; its activation must be linear */
    int size[2];             /* backward_data: H, W of x; backward_filter: R, S of w */
} glia_conv2d_backward_params;
typedef glia_conv2d_backward_params glia_conv2d_backward_data_params;
typedef glia_conv2d_backward_params glia_conv2d_backward_filter_params;

/* dx = the sum over all outputs of dy times their derivative by x.
 * dy: [N,K,P,Q]   w: [K,C/G,R,S]   dx: [N,C,H,W] with H, W from params. Floats. */
GLIA_API glia_status glia_conv2d_backward_data(glia_context *ctx, const glia_conv2d_backward_params *params,
                                               const glia_tensor *dy, const glia_tensor *w, glia_tensor *dx);

/* dw = the sum over all outputs of dy times their derivative by w; dbias[k] = sum over n,p,q of dy[n,k,p,q].
 * x: [N,C,H,W]   dy: [N,K,P,Q]   dw: [K,C/G,R,S] with R, S from params   dbias: [K] or NULL. Floats. */
GLIA_API glia_status glia_conv2d_backward_filter(glia_context *ctx, const glia_conv2d_backward_params *params,
                                                 const glia_tensor *x, const glia_tensor *dy, glia_tensor *dw,
                                                 glia_tensor *dbias);

typedef struct glia_conv2d_transpose_params {
    int stride[2];              /* default 1 */
    int pad[2];                 /* rows and columns cut off before the first */
    int pad_end[2];             /* cut off after the last; 0: as pad; GLIA_NO_PAD: none */
    int output_pad[2];          /* rows and columns more after the last; below the stride */
    int dilation[2];            /* default 1 */
    int groups;                 /* default 1 */
    glia_unary_kind activation; /* fused: linear, sigmoid, tanh or relu */
} glia_conv2d_transpose_params;

/* y[n,k,p,q] = act(bias[k] + sum over c of its group, i, j, r, s of x[n,c,i,j] w[c,k - g K/G,r,s]), over all i, r with
 * i stride - pad + r dilation = p and all j, s with j stride - pad + s dilation = q. g = k / (K/G) is the group of
 * channel k, and has the channels g C/G to (g + 1) C/G - 1 of x. This is glia_conv2d's derivative by its input.
 * x: [N,C,H,W]   w: [C,K/G,R,S]   bias: [K] or NULL
 * y: [N,K,P,Q], P = (H - 1) stride - pad - pad_end + dilation (R - 1) + output_pad + 1. Floats.
 * Source: PyTorch's conv_transpose2d and ONNX ConvTranspose. */
GLIA_API glia_status glia_conv2d_transpose(glia_context *ctx, const glia_conv2d_transpose_params *params,
                                           const glia_tensor *x, const glia_tensor *w, const glia_tensor *bias,
                                           glia_tensor *y);

typedef struct glia_conv1d_params {
    int stride;                 /* default 1 */
    int pad;                    /* zeros before the first element */
    int pad_end;                /* zeros after the last; 0: as pad; GLIA_NO_PAD: none */
    int dilation;               /* default 1 */
    int groups;                 /* default 1 */
    glia_unary_kind activation; /* as for glia_conv2d */
} glia_conv1d_params;

/* glia_conv2d over one row.
 * x: [N,C,W]   w: [K,C/G,S]   bias: [K] or NULL   y: [N,K,Q]. Floats. */
GLIA_API glia_status glia_conv1d(glia_context *ctx, const glia_conv1d_params *params, const glia_tensor *x,
                                 const glia_tensor *w, const glia_tensor *bias, glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif
