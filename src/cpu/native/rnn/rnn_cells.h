/* One step of one sequence: what stands between the matrix products of a recurrent layer. f32, vectorised. */
#ifndef GLI_CPU_NATIVE_RNN_RNN_CELLS_H
#define GLI_CPU_NATIVE_RNN_RNN_CELLS_H

#include "ops/rnn/rnn_geom.h"

/* What the steps of a direction share. */
typedef struct gli_rnn_cells {
    const gli_rnn_geom *g;
    const float *bias;     /* [G,H], and [H] more: see gli_rnn_fold_bias */
    const float *peephole; /* [3,H], or NULL */
} gli_rnn_cells;

/* bias: [G + 1, H]. Both biases as one, but that of GRU's w_hh_n, which r multiplies, in the last row; 0 where there is
 * none. */
void gli_rnn_fold_bias(const gli_rnn_geom *g, const float *b_ih, const float *b_hh, float *bias);

/* before: the state that the step starts from; after: what it makes. */
typedef struct gli_rnn_row {
    float *gate;            /* [G,H]: w_ih x, which becomes the gates */
    const float *recurrent; /* [G,H]: w_hh h; with reset_before only the first two rows */
    const float *reset;     /* [H]: w_hh_n (r h), for gli_rnn_new_gate */
    float *inner;           /* [H]. GRU: w_hh_n h + b_hh_n, or with reset_before r h */
    const float *h, *c;     /* before */
    float *next_h, *next_c; /* after; next_h is o tanh(c) where a projection follows */
} gli_rnn_row;

/* The whole step; with reset_before up to r h, and gli_rnn_new_gate does the rest. */
void gli_rnn_cell_row(const gli_rnn_cells *cells, const gli_rnn_row *row);
void gli_rnn_new_gate(const gli_rnn_cells *cells, const gli_rnn_row *row);

/* Backwards. dh: by the state after the step; becomes what reaches the state before past the product with w_hh. */
typedef struct gli_rnn_back_row {
    const float *gate, *inner, *h, *c, *next_c; /* of the forward step */
    const float *dreset;                        /* [H]: w_hh_n^T da_n, for gli_rnn_undo_reset */
    const float *dout;                          /* [H]: by o tanh(c), of LSTM; dh without a projection */
    float *dh, *dc;
    float *da, *dr; /* [G,H]: by w_ih x, and by w_hh h; one memory but for the GRU without reset_before */
} gli_rnn_back_row;

void gli_rnn_undo_row(const gli_rnn_cells *cells, const gli_rnn_back_row *row);
void gli_rnn_undo_reset(const gli_rnn_cells *cells, const gli_rnn_back_row *row);

#endif
