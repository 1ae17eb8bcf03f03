/* What the forward and the backward pass of recurrent layers share through oneDNN: the workspace, the packed matmuls,
 * and the loop over directions. */
#ifndef GLI_CPU_ONEDNN_RNN_PASS_ONEDNN_H
#define GLI_CPU_ONEDNN_RNN_PASS_ONEDNN_H

#include "cpu/native/rnn/rnn_cells.h"
#include "cpu/native/rnn/rnn_trace.h"
#include "cpu/onednn/onednn.h"

/* All tensors of a layer are row-major. */
#define GLI_ACCEPTS_RNN {GLI_TAKES_F32, GLI_ROW_MAJOR}

/* The arrays of the workspace; one direction runs after the other, in the same memory. dX is the gradient with respect
 * to X. dr is da but for the GRU without reset_before. */
typedef struct gli_rnn_workspace {
    float *x; /* [T,N,I]: x gathered */

    /* forward */
    float *recurrent; /* [N,G,H]: w_hh h */
    float *bias;      /* [G + 1,H] */
    float *trace;     /* where it is not saved */

    /* backward */
    float *da, *dr; /* [T,N,G,H]: of w_ih x, and of w_hh h */
    float *douts;   /* [T,N,R]: of the steps' outputs, with a projection */
    float *dunits;  /* [N,H]: of o tanh(c) with a projection, or of r h with reset_before */
    float *dh, *dc; /* [N,R], [N,H]: of the state between two steps */
    float *dx;      /* [T,N,I]: to be scattered */
    float *sums;    /* for sums over columns */

    void *matmuls;
} gli_rnn_workspace;

/* Lays out a workspace, one aligned array after the other; from NULL it only counts. */
typedef struct gli_rnn_layout {
    char *memory;
    size_t bytes;
} gli_rnn_layout;
float *gli_rnn_take(gli_rnn_layout *layout, int64_t count);

/* One direction at work, and its step t. */
typedef struct gli_rnn_pass {
    const gli_call *call;
    const gli_rnn_geom *g;
    const gli_dnn *dnn;
    gli_rnn_workspace workspace;
    int direction, t;
    gli_rnn_cells cells;
    gli_rnn_trace trace;
    const float *weight[GLI_RNN_WEIGHTS];
} gli_rnn_pass;

static inline int64_t gli_rnn_gates(const gli_rnn_geom *g) { return (int64_t)g->gates * g->hidden; }

/* Rows of w_hh that one matmul takes; with reset_before w_hh_n, which multiplies r h, is for another one. */
static inline int64_t gli_rnn_recurrent_gates(const gli_rnn_geom *g) {
    return g->reset_before ? 2 * (int64_t)g->hidden : gli_rnn_gates(g);
}

static inline const float *gli_rnn_w_hh_n(const gli_rnn_pass *p) {
    return p->weight[GLI_RNN_W_HH] + 2 * (int64_t)p->g->hidden * p->g->hidden;
}

static inline bool gli_rnn_pass_is_active(const gli_rnn_pass *p, int sequence) {
    return gli_rnn_is_active(p->call->in[GLI_RNN_LENGTHS], sequence, p->t);
}

/* Matrices of packed matmuls: as they are, and weights, which are packed where there are steps enough to gain from it.
 */
gli_dnn_view gli_rnn_matrix(int64_t rows, int64_t columns, int64_t pitch);
gli_dnn_view gli_rnn_weights(const gli_rnn_geom *g, int64_t rows, int64_t columns);

glia_status gli_rnn_pack(const gli_rnn_pass *p, int number, const float *b);
glia_status gli_rnn_multiply(const gli_rnn_pass *p, int number, const float *a, const float *b, float *y);

/* The providers' functions, from what differs between the passes: which matmuls there are, how the workspace is laid
 * out, and one direction, of x [T,N,I]. */
typedef void (*gli_rnn_add_matmuls)(const gli_rnn_geom *g, gli_dnn *dnn);
typedef size_t (*gli_rnn_lay_out)(const gli_call *call, char *memory, gli_rnn_workspace *out);
typedef glia_status (*gli_rnn_direction)(gli_rnn_pass *p, const float *x);

glia_status gli_rnn_pass_prepare(const gli_call *call, gli_rnn_add_matmuls add, gli_rnn_lay_out lay_out,
                                 gli_prepared *out);
glia_status gli_rnn_pass_run(gli_rnn_pass *p, const gli_prepared *prepared, void *workspace, gli_rnn_lay_out lay_out,
                             gli_rnn_direction direction);

#endif
