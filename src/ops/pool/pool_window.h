/* What the contracts of pooling share. */
#ifndef GLI_OPS_POOL_POOL_WINDOW_H
#define GLI_OPS_POOL_POOL_WINDOW_H

#include "core/derive.h"
#include "core/op.h"
#include "ops/pool/pool_geom.h"

/* The window that an op's params describe; dilation NULL: none. */
typedef struct gli_pool_window {
    int rank; /* elements of each array */
    const int *kernel, *stride, *pad, *pad_end, *dilation;
    bool ceil_mode;
} gli_pool_window;

/* That of params of max pooling, and of average pooling. */
#define GLI_MAX_POOL_WINDOW(p) \
    {GLI_COUNT_OF((p)->kernel), (p)->kernel, (p)->stride, (p)->pad, (p)->pad_end, (p)->dilation, (p)->ceil_mode}
#define GLI_AVG_POOL_WINDOW(p) \
    {GLI_COUNT_OF((p)->kernel), (p)->kernel, (p)->stride, (p)->pad, (p)->pad_end, NULL, (p)->ceil_mode}

/* Checks the window on images of the shape x and fills the geometry. */
glia_status gli_pool_resolve(const gli_resolution *r, const gli_pool_window *window, const int64_t *x,
                             gli_pool_geom *g);

/* Input 0 is a float image with elements in each channel, [N,C,a,b] or of rank 3 [N,C,a,b,c], and size is positive. For
 * the ops that have no window; sets n, c. */
glia_status gli_pool_check(const gli_resolution *r, int rank, const int *size, gli_pool_geom *g);

/* resolve of max pooling and of average pooling. Backward: of images of that size; required: the window may not be
 * left out, as a kernel of zeros. */
glia_status gli_max_pool_resolve(gli_resolution *r, const gli_pool_window *window, glia_activation activation);
glia_status gli_max_pool_resolve_backward(gli_resolution *r, const gli_pool_window *window, glia_activation activation,
                                          const int *size, bool required);
glia_status gli_avg_pool_resolve(gli_resolution *r, const gli_pool_window *window, bool count_include_pad);
glia_status gli_avg_pool_resolve_backward(gli_resolution *r, const gli_pool_window *window, bool count_include_pad,
                                          const int *size);

void gli_max_pool_cost(const void *geom, gli_cost *out);
void gli_max_pool_cost_backward(const void *geom, gli_cost *out);
void gli_avg_pool_cost(const void *geom, gli_cost *out); /* of both directions */
bool gli_avg_pool_exact(const void *geom);

/* derive of max pooling by `backward`, an op whose params are `params`, and of that op. */
void gli_max_pool_derive(gli_derivation *d, const gli_op *backward, const void *params);
void gli_max_pool_derive_backward(gli_derivation *d);

static const gli_op_input gli_pool_inputs[]       = {{"x", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output gli_max_pool_outputs[] = {
    [GLI_POOL_Y]       = {"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE},
    [GLI_POOL_INDICES] = {"indices", GLI_OUT_OPTIONAL | GLI_OUT_IMAGE | GLI_OUT_INDEX},
};
static const gli_op_output gli_avg_pool_outputs[]        = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};
static const gli_op_input gli_avg_pool_backward_inputs[] = {{"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output gli_pool_backward_outputs[]   = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};
static const gli_op_input gli_max_pool_backward_inputs[] = {
    [GLI_POOL_BACK_DY]      = {"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_POOL_BACK_INDICES] = {"indices", GLI_IN_IMAGE | GLI_IN_INDEX},
};

/* Of adaptive pooling, whose windows follow from the sizes of x and y. */
glia_status gli_adaptive_pool2d_resolve(gli_resolution *r);

/* The largest number of elements of a window on one axis or, with the sizes swapped, of windows over an element. */
double gli_adaptive_pool2d_window(int out, int in);

#endif
