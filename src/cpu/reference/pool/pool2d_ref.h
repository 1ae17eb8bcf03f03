/* What the references of the pooling ops share: the window of an output as ranges of x, the mean over a window, and the
 * largest element of one. */
#ifndef GLI_CPU_REFERENCE_POOL_POOL2D_REF_H
#define GLI_CPU_REFERENCE_POOL_POOL2D_REF_H

#include <math.h>

#include "ops/pool/pool2d_geom.h"

/* One axis of a window: elements first .. last-1 of x, and the number that the mean's divisor counts. */
typedef struct gli_ref_pool_range {
    int64_t first, last, counted;
} gli_ref_pool_range;

typedef struct gli_ref_pool_window {
    gli_ref_pool_range rows, columns;
} gli_ref_pool_window;

/* The window of output [p,q], the same in each channel. */
typedef gli_ref_pool_window (*gli_ref_pool_windows)(const gli_pool2d_geom *g, int p, int q);

/* Those of adaptive pooling. */
gli_ref_pool_window gli_ref_adaptive_window(const gli_pool2d_geom *g, int p, int q);

/* y [n,c,p,q] = the mean of each window of x [n,c,h,w]. Backward: each dy is shared out evenly over its window. */
void gli_ref_mean_pool(const gli_pool2d_geom *g, gli_ref_pool_windows windows, const double *x, double *y);
void gli_ref_mean_pool_backward(const gli_pool2d_geom *g, gli_ref_pool_windows windows, const double *dy, double *dx);

/* The largest element of a window so far, and its index in the plane of its channel. An empty window gives these. */
typedef struct gli_ref_pool_max {
    double value;
    int64_t index;
} gli_ref_pool_max;
#define GLI_REF_POOL_EMPTY {-INFINITY, -1}

/* The first of equal elements stays; NaN counts as larger than all, and the last NaN as the largest. */
void gli_ref_pool_max_add(gli_ref_pool_max *max, double value, int64_t index);

/* Output i of y and, where they were requested, of the indices. */
void gli_ref_pool_max_store(double *const *out, int64_t i, gli_ref_pool_max max);

#endif
