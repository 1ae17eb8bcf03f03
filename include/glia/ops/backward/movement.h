/* The gradients of moving elements, as far as they are no ops of glia/ops/movement.h. */
#ifndef GLIA_OPS_BACKWARD_MOVEMENT_H
#define GLIA_OPS_BACKWARD_MOVEMENT_H

#include "glia/ops/movement.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_slice_backward_params {
    glia_slice_params slice; /* of the forward */
    glia_shape shape;        /* of its x */
} glia_slice_backward_params;

/* dx is dy where the slice read x, and zero elsewhere.
 * dy: the shape of the slice, any dtype   dx: params->shape. */
GLIA_API glia_status glia_slice_backward(glia_context *ctx, const glia_slice_backward_params *params,
                                         const glia_tensor *dy, glia_tensor *dx);

typedef struct glia_gather_backward_params {
    glia_gather_params gather; /* of the forward */
    int size;                  /* of the axis in x */
} glia_gather_backward_params;

/* dx[a..., v, b...] = the sum over all i with indices[i...] = v of dy[a..., i..., b...]; zero for v = padding_index.
 * dy: floats, the shape of y of the forward   indices: as there   dx: the shape of x of the forward. */
GLIA_API glia_status glia_gather_backward(glia_context *ctx, const glia_gather_backward_params *params,
                                          const glia_tensor *dy, const glia_tensor *indices, glia_tensor *dx);

#ifdef __cplusplus
}
#endif
#endif
