/* One step of one sequence, for predictors: the gates and activations of a whole vector at a time, with fused
 * multiplications and additions, which the training's cells (rnn_cells.h) do not have. */
#ifndef GLI_CPU_NATIVE_RNN_RNN_STEP_H
#define GLI_CPU_NATIVE_RNN_RNN_STEP_H

#include <stdint.h>

/* Arrays are of `units` elements for each gate, a multiple of the lanes: i f g o, or r z n. x: w_ih x and the biases
 * that are added to it; recurrent: w_hh h, of the GRU with b_hh_n; h and c are replaced by the states after the step.
 * The formulas are in glia/ops/rnn.h. */
typedef void gli_rnn_lstm_step(int64_t units, const float *x, const float *recurrent, float *h, float *c);
typedef void gli_rnn_gru_step(int64_t units, const float *x, const float *recurrent, float *h);

/* y = tanh y, or the sigmoid of y, of so many elements, rounded up to a multiple of the lanes. */
typedef void gli_activate_step(int64_t count, float *y);

typedef struct gli_rnn_step_kernel {
    const char *name;
    int lanes;
    gli_rnn_lstm_step *lstm;
    gli_rnn_gru_step *gru;
    gli_activate_step *tanh, *sigmoid;
} gli_rnn_step_kernel;

/* The kernels that this processor can run, the best one first; NULL: there is no i-th. */
const gli_rnn_step_kernel *gli_rnn_step_kernel_at(int i);

#endif
