/* Recurrent layers, one or two launches for each step. The GEMM of the input with w_ih, for all steps at once, comes
 * before them, and those of the gradients with respect to weights and input come after them (matmul_launch.h). */
#ifndef GLI_KERNELS_RNN_RNN_LAUNCH_H
#define GLI_KERNELS_RNN_RNN_LAUNCH_H

#include <cuda_runtime_api.h>

#include "kernels/device/indices.h"
#include "ops/rnn/rnn_geom.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A layer, letters as in glia/ops/rnn.h. T below is its dtype, C what T is computed in: double for f64, else float. All
 * arrays are dense. Step t of sequence n is row t step_rows + n sequence_rows of arrays [rows, ...]. */
typedef struct gli_rnn_layer {
    gli_rnn_geom geom;
    glia_dtype dtype;
    int64_t step_rows, sequence_rows;
    const int *lengths;                                    /* [N], 0 to T; NULL: T each */
    const void *w_hh[2], *b_hh[2], *w_hr[2], *peephole[2]; /* of each direction; NULL: absent */
    const void *h0, *c0;                                   /* T, C; NULL: zeros */
} gli_rnn_layer;

/* Lengths as ints, for gli_rnn_layer; those that are not in 0 .. steps are noted in the slot, see
 * kernels/device/index_check.cuh, and clamped. */
cudaError_t gli_kernel_rnn_lengths(const gli_indices *lengths, int batch, int steps, unsigned long long *slot, int *out,
                                   cudaStream_t stream);

typedef struct gli_rnn_forward_arrays {
    const void *input_gates; /* [D, rows, G H] T: w_ih x + b_ih */
    void *y;                 /* [rows, D R] T */
    void *intermediate; /* [D, N, H] T, with a projection or reset_before: the input of the second GEMM of a step */
    void *running;      /* [D, N, H] C, of LSTM: c; with reset_before: z */
    void *gates;        /* [D, rows, 4, H] C, of LSTM and GRU, saved for the backward pass; NULL: not requested */
    void *cells;        /* [D, rows, H] C, of LSTM: c, saved for the backward pass; NULL: not requested */
} gli_rnn_forward_arrays;

cudaError_t gli_kernel_rnn(const gli_rnn_layer *layer, const gli_rnn_forward_arrays *arrays, cudaStream_t stream);

/* h_n [D, N, R] C from y, or h0 of sequences without a step. */
cudaError_t gli_kernel_rnn_last_states(const gli_rnn_layer *layer, const void *y, void *h_n, cudaStream_t stream);

/* out [D, N, H] C = state [D, N, H] C, or start, which may be NULL, of sequences without a step. */
cudaError_t gli_kernel_rnn_last_cells(const gli_rnn_layer *layer, const void *state, const void *start, void *out,
                                      cudaStream_t stream);

typedef struct gli_rnn_backward_arrays {
    const void *y, *gates, *cells; /* of the forward pass */
    const void *dy, *dh_n, *dc_n;  /* T, C, C; NULL: zeros */
    void *dh0;                     /* C; NULL: not requested */
    void *dgates; /* [D, rows, gli_rnn_dgates H] T: the gradients with respect to the pre-activations of the gates */
    void *dh;     /* [D, rows, R] T, with a projection: the gradients with respect to h */
    void *carry;  /* [D, N, H] C, of LSTM and GRU; of LSTM, after the last step, the gradient with respect to c0 */
} gli_rnn_backward_arrays;

/* How many gradients a unit has in a row of dgates: one for each gate; of a GRU that resets after the GEMM gate n has
 * two, with respect to the term of the input and to that of the state. */
static inline int gli_rnn_dgates(const gli_rnn_layer *layer) {
    return layer->geom.cell == GLIA_RNN_GRU && !layer->geom.reset_before ? 4 : layer->geom.gates;
}

/* Fills dgates and dh, with zeros beyond a sequence's length, carry and dh0. */
cudaError_t gli_kernel_rnn_backward(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                    cudaStream_t stream);

/* What the weights were multiplied with in each step, a factor of their gradients: [D, rows, ...] T, zeros beyond a
 * sequence's length. */
typedef enum gli_rnn_factor {
    GLI_RNN_STATES,      /* R: h before the step */
    GLI_RNN_RESET,       /* H: r h, of reset_before */
    GLI_RNN_UNPROJECTED, /* H: o tanh(c) */
} gli_rnn_factor;

cudaError_t gli_kernel_rnn_factor(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                  gli_rnn_factor what, void *out, cudaStream_t stream);

/* x [rows, inputs] with zeros beyond a sequence's length. */
cudaError_t gli_kernel_rnn_mask(const gli_rnn_layer *layer, const void *x, int inputs, void *out, cudaStream_t stream);

/* The gradient with respect to the peepholes of one direction, [3, H] C; reads dgates and cells. */
cudaError_t gli_kernel_rnn_peephole(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays, int direction,
                                    void *dpeephole, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
