/* rnn and rnn_backward: what every provider of them may rely on. */
#ifndef GLIA_OPS_RNN_RNN_GEOM_H
#define GLIA_OPS_RNN_RNN_GEOM_H

#include "core/ops.h"
#include "glia/ops/rnn.h"

enum {
    RNN_MAX_DIRECTIONS = 2,

    /* The weights of a direction, in the order of both ops' tensors. */
    RNN_W_IH = 0,
    RNN_W_HH,
    RNN_B_IH,
    RNN_B_HH,
    RNN_W_HR,
    RNN_PEEPHOLE,
    RNN_WEIGHTS,

    RNN_X = 0,
    RNN_H0,
    RNN_C0,
    RNN_LENGTHS,
    RNN_WEIGHT, /* of both directions */
    RNN_INPUTS = RNN_WEIGHT + RNN_MAX_DIRECTIONS * RNN_WEIGHTS,

    RNN_Y = 0,
    RNN_H_N,
    RNN_C_N,
    RNN_RESERVE,
    RNN_OUTPUTS,

    /* Of rnn_backward, after the inputs of rnn. */
    RNN_BACK_Y = RNN_INPUTS,
    RNN_BACK_RESERVE,
    RNN_BACK_DY,
    RNN_BACK_DH_N,
    RNN_BACK_DC_N,
    RNN_BACK_INPUTS,

    RNN_BACK_DX = 0,
    RNN_BACK_DH0,
    RNN_BACK_DC0,
    RNN_BACK_DWEIGHT, /* of both directions */
    RNN_BACK_OUTPUTS = RNN_BACK_DWEIGHT + RNN_MAX_DIRECTIONS * RNN_WEIGHTS
};

/* The place of weight k of a direction among the inputs of both ops, and of its gradient among the outputs. */
static inline int rnn_weight(int direction, int k) { return RNN_WEIGHT + direction * RNN_WEIGHTS + k; }
static inline int rnn_dweight(int direction, int k) { return RNN_BACK_DWEIGHT + direction * RNN_WEIGHTS + k; }

/* Where an element lies in dense tensors: x[t,n,i] at t x_step + n x_row + i, y[t,n,d,r] at t y_step + n y_row + d
 * outputs + r, whatever the order of T and N is. */
typedef struct glia_rnn_geom {
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
    double cell_clip; /* 0: none */
    int64_t x_step, x_row, y_step, y_row;
    int64_t reserve; /* elements; room for what any provider keeps: see reserve_of */
} glia_rnn_geom;

static inline bool rnn_runs_backwards(const glia_rnn_geom *g, int direction) { return direction == 1 || g->reverse; }

#endif
