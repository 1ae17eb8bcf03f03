/* Recurrent layers. The gradient is in glia/ops/backward/rnn.h.
 *
 * One call is one layer over whole sequences, in one direction or in both. A stack is one call a layer, with
 * dropout between them if requested. Letters: T steps, N sequences, I inputs, H hidden units, R outputs (H, or P with a
 * projection), D directions (1 or 2), G gates (tanh and relu 1, LSTM 4, GRU 3), sigma(x) = 1 / (1 + exp(-x)),
 * a_k = w_ih_k x_t + b_ih_k and r_k = w_hh_k h_(t-1) + b_hh_k with the k-th block of H rows of each weight.
 *
 *   tanh   h_t = tanh(a + r)
 *   relu   h_t = max(a + r, 0)
 *   LSTM   gates i, f, g, o:   i = sigma(a_i + r_i + p_i c_(t-1))   f = sigma(a_f + r_f + p_f c_(t-1))
 *          g = tanh(a_g + r_g)   c_t = clamp(f c_(t-1) + i g)   o = sigma(a_o + r_o + p_o c_t)
 *          h_t = o tanh(c_t), or with a projection w_hr (o tanh(c_t))
 *   GRU    gates r, z, n:   r = sigma(a_r + r_r)   z = sigma(a_z + r_z)   n = tanh(a_n + r r_n), or with reset_before
 *          n = tanh(a_n + w_hh_n (r h_(t-1)) + b_hh_n)   h_t = (1 - z) n + z h_(t-1)
 *
 * A sequence's length ends it early: its steps from there on give y = 0 and no gradient, and h_n and c_n are the states
 * after its last step. The reverse direction starts with the last step that counts and ends with step 0. A length of 0
 * leaves the initial states.
 *
 * Sources: Elman, "Finding structure in time", 1990; Hochreiter and Schmidhuber, "Long short-term memory", 1997; Gers,
 * Schraudolph, Schmidhuber, "Learning precise timing with LSTM recurrent networks", 2002 (peepholes); Sak, Senior,
 * Beaufays, 2014 (projection); Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014 (GRU).
 * Weights, gate order and results are those of PyTorch's nn.RNN, nn.LSTM and nn.GRU, one layer of them: its
 * weight_ih_l0 is w_ih, weight_hh_l0 is w_hh, bias_ih_l0 is b_ih, bias_hh_l0 is b_hh, weight_hr_l0 is w_hr. ONNX orders
 * the gates i, o, f, c and z, r, h; its linear_before_reset = 0 is reset_before, = 1 the default here. */
#ifndef GLIA_OPS_RNN_H
#define GLIA_OPS_RNN_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum glia_rnn_cell { GLIA_RNN_TANH, GLIA_RNN_RELU, GLIA_RNN_LSTM, GLIA_RNN_GRU } glia_rnn_cell;

typedef enum glia_rnn_direction { GLIA_RNN_FORWARD, GLIA_RNN_REVERSE, GLIA_RNN_BOTH } glia_rnn_direction;

typedef struct glia_rnn_params {
    glia_rnn_cell cell;
    glia_rnn_direction direction;
    bool batch_first;  /* x and y are [N,T,...], not [T,N,...] */
    bool reset_before; /* of GRU */
    double cell_clip;  /* of LSTM: c_t is clamped to +- this; where it is clamped it has no gradient. INFINITY: never */
} glia_rnn_params;

/* tanh, forward, steps first, the cell is never clamped. */
GLIA_API glia_rnn_params glia_rnn_defaults(void);

/* The weights of one direction. Both biases are there, or none; peephole and w_hr belong to the LSTM, and may be
 * NULL. */
typedef struct glia_rnn_weights {
    const glia_tensor *w_ih;        /* [G H, I] */
    const glia_tensor *w_hh;        /* [G H, R] */
    const glia_tensor *b_ih, *b_hh; /* [G H] */
    const glia_tensor *w_hr;        /* [P, H] */
    const glia_tensor *peephole;    /* [3, H]: p_i, p_f, p_o */
} glia_rnn_weights;

/* Where the sequences start and end. Each may be NULL: states of 0, and T steps. */
typedef struct glia_rnn_start {
    const glia_tensor *h0;      /* [D,N,R] */
    const glia_tensor *c0;      /* [D,N,H], of LSTM */
    const glia_tensor *lengths; /* [N], i32 or i64, 0 to T */
} glia_rnn_start;

/* Further outputs; each may be NULL. */
typedef struct glia_rnn_end {
    glia_tensor *h_n;     /* [D,N,R] */
    glia_tensor *c_n;     /* [D,N,H], of LSTM */
    glia_tensor *reserve; /* made by glia_rnn_reserve: what glia_rnn_backward needs */
} glia_rnn_end;

/* x: [T,N,I] or [N,T,I]   weights: one for each direction, the forward one first   y: [T,N,D R] or [N,T,D R], the
 * forward direction's outputs first. start and end may be NULL. x, y and the weights are floats of one type; so are the
 * states h0, c0, h_n and c_n, but f32 where x is bf16 or f16. As an op of a graph it has the inputs x, h0, c0, lengths,
 * w_ih, w_hh, b_ih, b_hh, w_hr, peephole and the last six again for the second direction, and the outputs y, h_n, c_n,
 * reserve; cells without a c have an empty c_n. */
GLIA_API glia_status glia_rnn(glia_context *ctx, const glia_rnn_params *params, const glia_tensor *x,
                              const glia_rnn_start *start, const glia_rnn_weights *weights, glia_tensor *y,
                              const glia_rnn_end *end);

/* A tensor for the reserve of such a call, in memory of its own. Only the implementation that wrote it can read it: its
 * only use is the backward call of the call that filled it. */
GLIA_API glia_status glia_rnn_reserve(glia_context *ctx, const glia_rnn_params *params, const glia_tensor *x,
                                      const glia_rnn_start *start, const glia_rnn_weights *weights, glia_tensor **out);

#ifdef __cplusplus
}
#endif
#endif
