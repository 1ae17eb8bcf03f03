/* The elementwise part of one step of one sequence, between the matrix products of a recurrent layer. f32, vectorized.
 */
#ifndef GLI_CPU_NATIVE_RNN_RNN_CELLS_H
#define GLI_CPU_NATIVE_RNN_RNN_CELLS_H

#include "ops/rnn/rnn_geom.h"

/* What the steps of a direction share. */
typedef struct gli_rnn_cells {
    const gli_rnn_geom *g;
    const float *bias;     /* [G + 1,H]: see gli_rnn_fold_bias */
    const float *peephole; /* [3,H], or NULL */
} gli_rnn_cells;

/* bias: [G + 1, H]. The sum of both biases, except that GRU's b_hh_n, which r multiplies, is the last row; 0 where
 * there is none. */
void gli_rnn_fold_bias(const gli_rnn_geom *g, const float *b_ih, const float *b_hh, float *bias);

/* h and c are the states before the step, next_h and next_c those after it. */
typedef struct gli_rnn_row {
    float *gate;            /* [G,H]: w_ih x, replaced by the gates */
    const float *recurrent; /* [G,H]: w_hh h; with reset_before only the first two rows */
    const float *reset;     /* [H]: w_hh_n (r h), for gli_rnn_new_gate_forward */
    float *inner;           /* [H]. GRU: w_hh_n h + b_hh_n, or with reset_before r h */
    const float *h, *c;
    float *next_h, *next_c; /* next_h is o tanh(c) where a projection follows */
} gli_rnn_row;

/* The whole step; with reset_before up to r h, and gli_rnn_new_gate_forward does the rest. */
void gli_rnn_cell_forward(const gli_rnn_cells *cells, const gli_rnn_row *row);
void gli_rnn_new_gate_forward(const gli_rnn_cells *cells, const gli_rnn_row *row);

/* dX is the gradient with respect to X. dh: with respect to the state after the step, replaced by the part of that with
 * respect to the state before it that does not pass through w_hh. */
typedef struct gli_rnn_backward_row {
    const float *gate, *inner, *h, *c, *next_c; /* of the forward step */
    const float *dreset;                        /* [H]: w_hh_n^T da_n, for gli_rnn_reset_backward */
    const float *dout;                          /* [H]: of o tanh(c), of LSTM; dh without a projection */
    float *dh, *dc;
    float *da, *dr; /* [G,H]: of w_ih x and of w_hh h; the same memory but for the GRU without reset_before */
} gli_rnn_backward_row;

void gli_rnn_cell_backward(const gli_rnn_cells *cells, const gli_rnn_backward_row *row);
void gli_rnn_reset_backward(const gli_rnn_cells *cells, const gli_rnn_backward_row *row);

#endif
