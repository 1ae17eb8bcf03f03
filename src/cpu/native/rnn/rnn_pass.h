/* The forward and the backward pass of recurrent layers. */
#ifndef GLI_CPU_NATIVE_RNN_RNN_PASS_H
#define GLI_CPU_NATIVE_RNN_RNN_PASS_H

#include "cpu/native/rnn/rnn_cells.h"
#include "cpu/native/rnn/rnn_product.h"
#include "cpu/native/rnn/rnn_trace.h"

/* The arrays of the workspace; one direction runs after the other, in the same memory. dX is the gradient with respect
 * to X. dr is da but for the GRU without reset_before. */
typedef struct gli_rnn_workspace {
    float *x; /* [T,N,I]: x gathered */

    /* forward */
    float *recurrent; /* [N,G,H]: w_hh h */
    float *bias;      /* [G + 1,H] */
    float *trace;     /* where it is not saved */

    /* backward */
    float *da, *dr; /* [S,N] rows of [G,H], of some steps: of w_ih x, and of w_hh h */
    float *douts;   /* [S,N,R]: of the steps' outputs, with a projection */
    float *dunits;  /* [N,H]: of o tanh(c) with a projection, or of r h with reset_before */
    float *dh, *dc; /* [N,R], [N,H]: of the state between two steps */
    float *dx;      /* [T,N,I]: to be scattered */
    float *dbias;   /* [G,H]: of some steps */
    float *sums;    /* for sums over columns */
} gli_rnn_workspace;

/* Lays out a workspace, one aligned array after the other; from NULL it only counts. */
typedef struct gli_rnn_layout {
    char *memory;
    size_t bytes;
} gli_rnn_layout;
float *gli_rnn_take(gli_rnn_layout *layout, int64_t count);

typedef struct gli_rnn_pass gli_rnn_pass;

/* What differs between the passes. steps_at_once: whose products over several steps are made at a time; products fills
 * GLI_RNN_PRODUCTS of them, zeroed before; lay_out returns the bytes of the workspace; direction runs one direction, on
 * x [T,N,I]; finish, if any, what follows the directions. */
typedef struct gli_rnn_pass_kind {
    int (*steps_at_once)(const gli_rnn_geom *g);
    void (*products)(const gli_rnn_geom *g, gli_rnn_product *out);
    size_t (*lay_out)(const gli_call *call, char *memory, gli_rnn_workspace *out);
    void (*direction)(gli_rnn_pass *p, const float *x);
    void (*finish)(const gli_rnn_pass *p);
} gli_rnn_pass_kind;

extern const gli_rnn_pass_kind gli_rnn_forward, gli_rnn_backward;

/* A pass over one direction: step t, of `steps` steps from time `first` on, for `rows` sequences from `row` on. */
struct gli_rnn_pass {
    const gli_call *call;
    const gli_rnn_geom *g;
    gli_rnn_product product[GLI_RNN_PRODUCTS];
    gli_rnn_workspace workspace;
    int direction, first, steps, t, row, rows;
    gli_rnn_cells cells;
    gli_rnn_trace trace;
    const float *weight[GLI_RNN_WEIGHTS];
};

size_t gli_rnn_pass_workspace(const gli_rnn_pass_kind *kind, const gli_call *call);

glia_status gli_rnn_pass_run(const gli_rnn_pass_kind *kind, const gli_call *call, void *workspace);

/* Runs all steps for all sequences. Groups of sequences run in parallel, and `steps_of` runs all steps of one group, so
 * that threads need not wait for each other at each step. */
void gli_rnn_pass_steps(const gli_rnn_pass *p, void (*steps_of)(gli_rnn_pass *p));

/* For one step of the pass's sequences. gli_rnn_pass_rows runs body over ranges of them, counted from p->row;
 * gli_rnn_pass_multiply makes a product; a and y point to the rows of all sequences. */
void gli_rnn_pass_rows(gli_rnn_pass *p, void (*body)(void *pass, int64_t begin, int64_t end));
void gli_rnn_pass_multiply(const gli_rnn_pass *p, int number, const float *a, const float *b, float *y);

/* The time of the i-th step, in the order of the direction. */
static inline int gli_rnn_pass_time(const gli_rnn_pass *p, int i) {
    return gli_rnn_runs_backwards(p->g, p->direction) ? p->first + p->steps - 1 - i : p->first + i;
}

/* Bytes of the trace that the forward pass saves, 0 if it does not. */
size_t gli_rnn_saved_bytes(const gli_call *call);

static inline int64_t gli_rnn_gates(const gli_rnn_geom *g) { return (int64_t)g->gates * g->hidden; }

/* Rows of w_hh that one product takes; with reset_before w_hh_n, which multiplies r h, is for another one. */
static inline int64_t gli_rnn_recurrent_gates(const gli_rnn_geom *g) {
    return g->reset_before ? 2 * (int64_t)g->hidden : gli_rnn_gates(g);
}

static inline const float *gli_rnn_w_hh_n(const gli_rnn_pass *p) {
    return p->weight[GLI_RNN_W_HH] + 2 * (int64_t)p->g->hidden * p->g->hidden;
}

static inline bool gli_rnn_pass_is_active(const gli_rnn_pass *p, int sequence) {
    return gli_rnn_is_active(p->call->in[GLI_RNN_LENGTHS], sequence, p->t);
}

#endif
