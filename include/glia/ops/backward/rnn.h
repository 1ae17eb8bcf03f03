/* The gradient of recurrent layers. */
#ifndef GLIA_OPS_BACKWARD_RNN_H
#define GLIA_OPS_BACKWARD_RNN_H

#include "glia/ops/rnn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the forward call was given and what it returned. start may be NULL. */
typedef struct glia_rnn_saved {
    const glia_tensor *x;
    const glia_rnn_start *start;
    const glia_rnn_weights *weights;
    const glia_tensor *y, *reserve;
} glia_rnn_saved;

/* The gradients with respect to the forward call's outputs; at least one is given, NULL stands for zeros. */
typedef struct glia_rnn_upstream {
    const glia_tensor *dy, *dh_n, *dc_n;
} glia_rnn_upstream;

/* The gradients with respect to the weights of one direction, in their shapes; each may be NULL. */
typedef struct glia_rnn_weight_gradients {
    glia_tensor *dw_ih, *dw_hh, *db_ih, *db_hh, *dw_hr, *dpeephole;
} glia_rnn_weight_gradients;

/* Further outputs of the backward call; each may be NULL. */
typedef struct glia_rnn_gradients {
    glia_tensor *dh0, *dc0;
    glia_rnn_weight_gradients weights[2]; /* one for each direction */
} glia_rnn_gradients;

typedef glia_rnn_params glia_rnn_backward_params;

/* The gradient of glia_rnn with the same params, by backpropagation through time. dx has the shape of x; it and
 * gradients may be NULL. It runs where the forward call ran, in the same implementation. As an op it has the inputs of
 * rnn, then y, reserve, dy, dh_n, dc_n, and the outputs dx, dh0, dc0, then dw_ih, dw_hh, db_ih, db_hh, dw_hr, dpeephole
 * for each direction. It has no gradient of its own: rnn has no second derivative. */
GLIA_API glia_status glia_rnn_backward(glia_context *ctx, const glia_rnn_backward_params *params,
                                       const glia_rnn_saved *saved, const glia_rnn_upstream *upstream, glia_tensor *dx,
                                       const glia_rnn_gradients *gradients);

#ifdef __cplusplus
}
#endif
#endif
