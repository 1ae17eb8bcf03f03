/* The gradients of convolution. */
#ifndef GLIA_OPS_BACKWARD_CONV_H
#define GLIA_OPS_BACKWARD_CONV_H

#include "glia/ops/conv.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_conv2d_backward_params {
    glia_conv2d_params conv; /* of the forward call; its activation must be linear */
    int size[2];             /* backward_data: H, W of x; backward_filter: R, S of w */
} glia_conv2d_backward_params;
typedef glia_conv2d_backward_params glia_conv2d_backward_data_params;
typedef glia_conv2d_backward_params glia_conv2d_backward_filter_params;

/* dx = the sum over all outputs of dy times their derivative with respect to x.
 * dy: [N,K,P,Q]   w: [K,C/G,R,S]   dx: [N,C,H,W] with H, W from params. Floats. */
GLIA_API glia_status glia_conv2d_backward_data(glia_context *ctx, const glia_conv2d_backward_params *params,
                                               const glia_tensor *dy, const glia_tensor *w, glia_tensor *dx);

/* dw = the sum over all outputs of dy times their derivative with respect to w; dbias[k] = sum over n,p,q of
 * dy[n,k,p,q].
 * x: [N,C,H,W]   dy: [N,K,P,Q]   dw: [K,C/G,R,S] with R, S from params   dbias: [K] or NULL. Floats; dw and
 * dbias are f32 where x and dy are bf16 or f16. */
GLIA_API glia_status glia_conv2d_backward_filter(glia_context *ctx, const glia_conv2d_backward_params *params,
                                                 const glia_tensor *x, const glia_tensor *dy, glia_tensor *dw,
                                                 glia_tensor *dbias);

typedef struct glia_conv3d_backward_params {
    glia_conv3d_params conv; /* of the forward call; its activation must be linear */
    int size[3];             /* backward_data: D, H, W of x; backward_filter: T, R, S of w */
} glia_conv3d_backward_params;
typedef glia_conv3d_backward_params glia_conv3d_backward_data_params;
typedef glia_conv3d_backward_params glia_conv3d_backward_filter_params;

/* The same as glia_conv2d_backward_data and glia_conv2d_backward_filter, of glia_conv3d.
 * x, dx: [N,C,D,H,W]   w, dw: [K,C/G,T,R,S]   dy: [N,K,Z,P,Q]   dbias: [K] or NULL. */
GLIA_API glia_status glia_conv3d_backward_data(glia_context *ctx, const glia_conv3d_backward_params *params,
                                               const glia_tensor *dy, const glia_tensor *w, glia_tensor *dx);
GLIA_API glia_status glia_conv3d_backward_filter(glia_context *ctx, const glia_conv3d_backward_params *params,
                                                 const glia_tensor *x, const glia_tensor *dy, glia_tensor *dw,
                                                 glia_tensor *dbias);

#ifdef __cplusplus
}
#endif
#endif
