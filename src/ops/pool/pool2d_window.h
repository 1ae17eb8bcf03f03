/* What the contracts of pooling share. */
#ifndef GLI_OPS_POOL_POOL2D_WINDOW_H
#define GLI_OPS_POOL_POOL2D_WINDOW_H

#include "core/op.h"
#include "ops/pool/pool2d_geom.h"

/* The window that an op's params describe; dilation NULL: none. */
typedef struct gli_pool2d_window {
    const int *kernel, *stride, *pad, *pad_end, *dilation;
    bool ceil_mode;
} gli_pool2d_window;

/* Checks the window on images of the shape x and fills the geometry. */
glia_status gli_pool2d_resolve(const gli_resolution *r, const gli_pool2d_window *window, const int64_t *x,
                               gli_pool2d_geom *g);

/* Input 0 is a float image [N,C,a,b] with elements in each channel, and size is positive. For the ops that have no
 * window; sets n, c. */
glia_status gli_pool2d_check(const gli_resolution *r, const int *size, gli_pool2d_geom *g);

/* Of adaptive pooling, whose windows follow from the sizes of x and y. */
glia_status gli_adaptive_pool2d_resolve(gli_resolution *r);

/* The largest number of elements of a window on one axis or, with the sizes swapped, of windows over an element. */
double gli_adaptive_pool2d_window(int out, int in);

#endif
