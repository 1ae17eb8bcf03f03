/* rnn and rnn_backward: what every provider of them may rely on. */
#ifndef GLI_OPS_RNN_RNN_GEOM_H
#define GLI_OPS_RNN_RNN_GEOM_H

#include "glia/ops/backward/rnn.h"

enum {
    GLI_RNN_MAX_DIRECTIONS = 2,

    /* The weights of a direction, in the order of both ops' tensors. */
    GLI_RNN_W_IH = 0,
    GLI_RNN_W_HH,
    GLI_RNN_B_IH,
    GLI_RNN_B_HH,
    GLI_RNN_W_HR,
    GLI_RNN_PEEPHOLE,
    GLI_RNN_WEIGHTS,

    GLI_RNN_X = 0,
    GLI_RNN_H0,
    GLI_RNN_C0,
    GLI_RNN_LENGTHS,
    GLI_RNN_WEIGHT, /* of both directions */
    GLI_RNN_INPUTS = GLI_RNN_WEIGHT + GLI_RNN_MAX_DIRECTIONS * GLI_RNN_WEIGHTS,

    GLI_RNN_Y = 0,
    GLI_RNN_H_N,
    GLI_RNN_C_N,
    GLI_RNN_SAVED,
    GLI_RNN_OUTPUTS,

    /* Of rnn_backward, after the inputs of rnn. */
    GLI_RNN_BACK_Y = GLI_RNN_INPUTS,
    GLI_RNN_BACK_SAVED,
    GLI_RNN_BACK_DY,
    GLI_RNN_BACK_DH_N,
    GLI_RNN_BACK_DC_N,
    GLI_RNN_BACK_INPUTS,

    GLI_RNN_BACK_DX = 0,
    GLI_RNN_BACK_DH0,
    GLI_RNN_BACK_DC0,
    GLI_RNN_BACK_DWEIGHT, /* of both directions */
    GLI_RNN_BACK_OUTPUTS = GLI_RNN_BACK_DWEIGHT + GLI_RNN_MAX_DIRECTIONS * GLI_RNN_WEIGHTS
};

/* The index of weight k of a direction among the inputs of both ops, and of its gradient among the outputs. */
static inline int gli_rnn_weight(int direction, int k) { return GLI_RNN_WEIGHT + direction * GLI_RNN_WEIGHTS + k; }
static inline int gli_rnn_dweight(int direction, int k) {
    return GLI_RNN_BACK_DWEIGHT + direction * GLI_RNN_WEIGHTS + k;
}

/* Offsets in dense tensors: x[t,n,i] at t x_step + n x_row + i, y[t,n,d,r] at t y_step + n y_row + d
 * outputs + r, whatever the order of T and N is. */
typedef struct gli_rnn_geom {
    glia_rnn_cell cell;
    int directions; /* 1 or 2 */
    int reverse;    /* of one direction: it is the reverse one. The second of two always is. */
    int steps;      /* T */
    int batch;      /* N */
    int inputs;     /* I */
    int hidden;     /* H */
    int outputs;    /* R */
    int gates;      /* G */
    int batch_first, reset_before, bias, projection, peephole;
    double cell_clip; /* INFINITY: none */
    int64_t x_step, x_row, y_step, y_row;
    int64_t saved; /* elements of the saved output, enough for every provider: see saved_size */
} gli_rnn_geom;

static inline bool gli_rnn_runs_backwards(const gli_rnn_geom *g, int direction) { return direction == 1 || g->reverse; }

#endif
