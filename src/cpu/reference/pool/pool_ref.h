/* What the references of the pooling ops share: the window of an output as ranges of x, the mean over a window, and the
 * largest element of one. */
#ifndef GLI_CPU_REFERENCE_POOL_POOL_REF_H
#define GLI_CPU_REFERENCE_POOL_POOL_REF_H

#include <math.h>

#include "ops/pool/pool_geom.h"

/* One axis of a window: elements first .. last-1 of x, and the number that the mean's divisor counts. */
typedef struct gli_ref_pool_range {
    int64_t first, last, counted;
} gli_ref_pool_range;

typedef struct gli_ref_pool_window {
    gli_ref_pool_range axis[GLI_AXES];
} gli_ref_pool_window;

/* The window of output [z,p,q], the same in each channel. */
typedef gli_ref_pool_window (*gli_ref_pool_windows)(const gli_pool_geom *g, int z, int p, int q);

/* Those of adaptive pooling. */
gli_ref_pool_window gli_ref_adaptive_window(const gli_pool_geom *g, int z, int p, int q);

/* y [n,c,z,p,q] = the mean of each window of x [n,c,d,h,w]. Backward: each dy is shared out evenly over its window. */
void gli_ref_mean_pool(const gli_pool_geom *g, gli_ref_pool_windows windows, const double *x, double *y);
void gli_ref_mean_pool_backward(const gli_pool_geom *g, gli_ref_pool_windows windows, const double *dy, double *dx);

/* The largest element of a window so far, and its index among those of its channel. An empty window gives these. */
typedef struct gli_ref_pool_max {
    double value;
    int64_t index;
} gli_ref_pool_max;
#define GLI_REF_POOL_EMPTY {-INFINITY, -1}

/* The first of equal elements stays; NaN counts as larger than all, and the last NaN as the largest. */
void gli_ref_pool_max_add(gli_ref_pool_max *max, double value, int64_t index);

/* max pooling, and its gradient from the indices. */
void gli_ref_max_pool(const void *geom, const double *const *in, double *const *out);
void gli_ref_max_pool_backward(const void *geom, const double *const *in, double *const *out);

/* The mean over windows of a size, and its gradient. */
void gli_ref_avg_pool(const void *geom, const double *const *in, double *const *out);
void gli_ref_avg_pool_backward(const void *geom, const double *const *in, double *const *out);

/* Output i of y and, where they were requested, of the indices. */
void gli_ref_pool_max_store(double *const *out, int64_t i, gli_ref_pool_max max);

#endif
