/* The pooling ops: what every provider of them may rely on. */
#ifndef GLI_OPS_POOL_POOL2D_GEOM_H
#define GLI_OPS_POOL_POOL2D_GEOM_H

#include "glia/ops/backward/pool.h"

enum { GLI_POOL_Y, GLI_POOL_INDICES }; /* outputs of max_pool2d and adaptive_max_pool2d; indices may be absent */
enum { GLI_POOL_BACK_DY, GLI_POOL_BACK_INDICES }; /* inputs of max_pool2d_backward; the others have dy alone */

/* The numbers of the forward pooling, for all ops. The adaptive ops have the sizes only, as has max_pool2d_backward
 * where it knows no window: r is then 0. */
typedef struct gli_pool2d_geom {
    int n, c, h, w; /* x */
    int p, q;       /* y */
    int r, s;       /* the window */
    int stride_h, stride_w;
    int pad_h, pad_w, pad_h_end, pad_w_end;
    int dilation_h, dilation_w;
    int count_include_pad;
    bool relu; /* of the largest elements */
} gli_pool2d_geom;

/* x and y of adaptive pooling, the forward's sizes: rows or columns first .. last-1 belong to window p. */
static inline int gli_adaptive_first(int p, int out, int in) { return (int)((int64_t)p * in / out); }
static inline int gli_adaptive_last(int p, int out, int in) { return (int)(((int64_t)(p + 1) * in + out - 1) / out); }

#endif
