/* The gradients of pooling. */
#ifndef GLIA_OPS_BACKWARD_POOL_H
#define GLIA_OPS_BACKWARD_POOL_H

#include "glia/ops/pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_max_pool2d_backward_params {
    int size[2];                 /* H, W of x */
    glia_max_pool2d_params pool; /* of the forward call: a promise that each index is inside its window. With kernel
                                    {0, 0} there is none, and the indices may be anywhere, as those of
                                    adaptive_max_pool2d */
} glia_max_pool2d_backward_params;

/* dx[n,c,i] = the sum of dy[n,c,p,q] over all p, q with indices[n,c,p,q] = i, where i runs over the H W elements of
 * a channel; an index out of range adds nothing, one that breaks the promise of pool may add nothing either. dy,
 * indices: [N,C,P,Q]   dx: [N,C,H,W]. Also the gradient of adaptive_max_pool2d. */
GLIA_API glia_status glia_max_pool2d_backward(glia_context *ctx, const glia_max_pool2d_backward_params *params,
                                              const glia_tensor *dy, const glia_tensor *indices, glia_tensor *dx);

typedef struct glia_avg_pool2d_backward_params {
    glia_avg_pool2d_params pool; /* of the forward call */
    int size[2];                 /* H, W of x */
} glia_avg_pool2d_backward_params;

/* dx = for each element the sum of dy / divisor over the windows that have it. dy: [N,C,P,Q]   dx: [N,C,H,W]. */
GLIA_API glia_status glia_avg_pool2d_backward(glia_context *ctx, const glia_avg_pool2d_backward_params *params,
                                              const glia_tensor *dy, glia_tensor *dx);

typedef struct glia_max_pool3d_backward_params {
    int size[3];                 /* D, H, W of x */
    glia_max_pool3d_params pool; /* of the forward call: a promise that each index is inside its window */
} glia_max_pool3d_backward_params;

/* As glia_max_pool2d_backward, with a window. dy, indices: [N,C,Z,P,Q]   dx: [N,C,D,H,W]. */
GLIA_API glia_status glia_max_pool3d_backward(glia_context *ctx, const glia_max_pool3d_backward_params *params,
                                              const glia_tensor *dy, const glia_tensor *indices, glia_tensor *dx);

typedef struct glia_avg_pool3d_backward_params {
    glia_avg_pool3d_params pool; /* of the forward call */
    int size[3];                 /* D, H, W of x */
} glia_avg_pool3d_backward_params;

/* As glia_avg_pool2d_backward. dy: [N,C,Z,P,Q]   dx: [N,C,D,H,W]. */
GLIA_API glia_status glia_avg_pool3d_backward(glia_context *ctx, const glia_avg_pool3d_backward_params *params,
                                              const glia_tensor *dy, glia_tensor *dx);

typedef struct glia_adaptive_avg_pool2d_backward_params {
    int size[2]; /* H, W of x */
} glia_adaptive_avg_pool2d_backward_params;

/* dx = for each element the sum of dy / divisor over the windows that have it. dy: [N,C,P,Q]   dx: [N,C,H,W]. */
GLIA_API glia_status glia_adaptive_avg_pool2d_backward(glia_context *ctx,
                                                       const glia_adaptive_avg_pool2d_backward_params *params,
                                                       const glia_tensor *dy, glia_tensor *dx);

typedef glia_interpolate_params glia_interpolate_backward_params; /* those of the forward call, but the size of x */

/* dx = for each element the sum of dy by the weights that it had. dy: the shape of y   dx: [N,C,size]. */
GLIA_API glia_status glia_interpolate_backward(glia_context *ctx, const glia_interpolate_backward_params *params,
                                               const glia_tensor *dy, glia_tensor *dx);

#ifdef __cplusplus
}
#endif
#endif
