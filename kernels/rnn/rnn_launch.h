/* Recurrent layers, a launch or two for each step. What the input contributes to all steps, and what all steps
 * contribute to the gradients of weights and input, are products of matrices (matmul_launch.h) before and after. */
#ifndef GLI_KERNELS_RNN_RNN_LAUNCH_H
#define GLI_KERNELS_RNN_RNN_LAUNCH_H

#include <cuda_runtime_api.h>

#include "glia/ops/rnn.h"
#include "kernels/device/indices.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A layer, letters as in glia/ops/rnn.h. T below is its dtype, C what T is computed in: double for f64, else float. All
 * arrays are dense. Rows: step t of sequence n is row t step_rows + n sequence_rows of arrays [rows, ...]. */
typedef struct gli_rnn_layer {
    glia_dtype dtype;
    glia_rnn_cell cell;
    bool reset_before, reverse; /* reverse: of one direction */
    int directions, steps, batch, hidden, outputs, gates;
    int64_t step_rows, sequence_rows;
    double cell_clip;
    const int *lengths;                                    /* [N], 0 to T; NULL: T each */
    const void *w_hh[2], *b_hh[2], *w_hr[2], *peephole[2]; /* of each direction; NULL where there is none */
    const void *h0, *c0;                                   /* NULL: zeros */
} gli_rnn_layer;

/* Lengths as ints, for gli_rnn_layer; those that are not 0 to steps are noted in the slot, see
 * kernels/device/index_check.cuh, and cut. */
cudaError_t gli_kernel_rnn_lengths(const gli_indices *lengths, int batch, int steps, unsigned long long *slot, int *out,
                                   cudaStream_t stream);

typedef struct gli_rnn_forward_arrays {
    const void *from_input; /* [D, rows, G H] T: w_ih x + b_ih */
    void *y;                /* [rows, D R] T */
    void *between; /* [D, N, H] T, with a projection or reset_before: what the second product of a step takes */
    void *running; /* [D, N, H] C, of LSTM: c; with reset_before: z */
    void *gates;   /* [D, rows, 4, H] C, of LSTM and GRU, for the backward pass; NULL: there is none */
    void *cells;   /* [D, rows, H] C, of LSTM: c, for the backward pass; NULL: there is none */
} gli_rnn_forward_arrays;

cudaError_t gli_kernel_rnn(const gli_rnn_layer *layer, const gli_rnn_forward_arrays *arrays, cudaStream_t stream);

/* h_n [D, N, R] from y, or h0 of sequences without a step. */
cudaError_t gli_kernel_rnn_last_states(const gli_rnn_layer *layer, const void *y, void *h_n, cudaStream_t stream);

/* out [D, N, H] T: what the steps kept, [D, N, H] C, or start, which may be NULL, of sequences without a step. */
cudaError_t gli_kernel_rnn_last_cells(const gli_rnn_layer *layer, const void *kept, const void *start, void *out,
                                      cudaStream_t stream);

typedef struct gli_rnn_backward_arrays {
    const void *y, *gates, *cells; /* of the forward pass */
    const void *dy, *dh_n, *dc_n;  /* NULL: zeros */
    void *dh0;                     /* NULL: nobody wants it */
    void *sums;                    /* [D, rows, blocks H] T: the gradients by what each gate adds up */
    void *dh;                      /* [D, rows, R] T, with a projection: the gradients by h */
    void *carry;                   /* [D, N, H] C, of LSTM and GRU; of LSTM in the end the gradient by c0 */
} gli_rnn_backward_arrays;

/* How many blocks of H a row of `sums` has: one for each gate, and with the reset after the product two for gate n, the
 * gradient by what the input contributes and that by what the state contributes. */
static inline int gli_rnn_blocks(const gli_rnn_layer *layer) {
    return layer->cell == GLIA_RNN_GRU && !layer->reset_before ? 4 : layer->gates;
}

/* Fills sums and dh, with zeros beyond a sequence's length, carry and dh0. */
cudaError_t gli_kernel_rnn_backward(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                    cudaStream_t stream);

/* What the weights were multiplied with in each step, [D, rows, ...] T, zeros beyond a sequence's length. */
typedef enum gli_rnn_factor {
    GLI_RNN_STATES,      /* R: h before the step */
    GLI_RNN_RESET,       /* H: r h, of reset_before */
    GLI_RNN_UNPROJECTED, /* H: o tanh(c) */
} gli_rnn_factor;

cudaError_t gli_kernel_rnn_factor(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                  gli_rnn_factor what, void *out, cudaStream_t stream);

/* x [rows, inputs] with zeros beyond a sequence's length. */
cudaError_t gli_kernel_rnn_mask(const gli_rnn_layer *layer, const void *x, int inputs, void *out, cudaStream_t stream);

/* The gradient by the peepholes of one direction, [3, H]; reads sums and cells. */
cudaError_t gli_kernel_rnn_peephole(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays, int direction,
                                    void *dpeephole, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
