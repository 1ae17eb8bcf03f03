/* The pooling ops: what every provider of them may rely on. */
#ifndef GLI_OPS_POOL_POOL_GEOM_H
#define GLI_OPS_POOL_POOL_GEOM_H

#include "glia/ops/backward/pool.h"
#include "ops/spatial.h"

enum {
    GLI_POOL_Y,
    GLI_POOL_INDICES
}; /* outputs of max_pool2d, max_pool3d and adaptive_max_pool2d; indices may be absent */
enum {
    GLI_POOL_BACK_DY,
    GLI_POOL_BACK_INDICES
}; /* inputs of the backward ops of max pooling; the others have dy alone */

/* The numbers of the forward pooling, for all ops. The adaptive ops have the sizes only, as has max_pool2d_backward
 * where it knows no window: r is then 0. */
typedef struct gli_pool_geom {
    int rank; /* the spatial dimensions that the tensors have: 2 or 3; of images the depth is 1 everywhere */
    int n, c;
    GLI_SPATIAL(in, d, h, w);  /* x */
    GLI_SPATIAL(out, z, p, q); /* y */
    GLI_SPATIAL(window, t, r, s);
    GLI_SPATIAL(stride, stride_d, stride_h, stride_w);
    GLI_SPATIAL(pad, pad_d, pad_h, pad_w);
    GLI_SPATIAL(pad_end, pad_d_end, pad_h_end, pad_w_end);
    GLI_SPATIAL(dilation, dilation_d, dilation_h, dilation_w);
    int count_include_pad;
    bool relu; /* of the largest elements */
} gli_pool_geom;

/* x and y of adaptive pooling, the forward's sizes: rows or columns first .. last-1 belong to window p. */
static inline int gli_adaptive_first(int p, int out, int in) { return (int)((int64_t)p * in / out); }
static inline int gli_adaptive_last(int p, int out, int in) { return (int)(((int64_t)(p + 1) * in + out - 1) / out); }

#endif
