/* What the steps of one direction leave behind, on the CPU, in the order of time. */
#ifndef GLIA_CPU_NATIVE_RNN_RNN_TRACE_H
#define GLIA_CPU_NATIVE_RNN_RNN_TRACE_H

#include "core/provider.h"
#include "ops/rnn/rnn_geom.h"

/* Slot t belongs to step t; states have one slot more, and step t lies between its slots t and t + 1. Sequences that
 * have ended keep their states, and have 0 in inner. Inference keeps only some slots of gate, from the one of step
 * `first` on, one of inner, and two of the states. */
typedef struct glia_rnn_trace {
    float *gate;  /* [T,N,G,H]: w_ih x, then the gates */
    float *inner; /* [T,N,H]. GRU: w_hh_n h + b_hh_n, or with reset_before r h. With a projection: o tanh(c) */
    float *h, *c; /* [T+1,N,R], [T+1,N,H] */
    bool kept;    /* whole, for the backward pass */
    int first;
} glia_rnn_trace;

static inline bool glia_rnn_has_inner(const glia_rnn_geom *g) { return g->cell == GLIA_RNN_GRU || g->projection; }

/* For how many steps the inputs are multiplied at once. */
int glia_rnn_steps_at_once(const glia_rnn_geom *g);

/* Elements of one direction's trace, and its trace in so much memory. */
int64_t glia_rnn_trace_size(const glia_rnn_geom *g, bool kept);
glia_rnn_trace glia_rnn_trace_in(const glia_rnn_geom *g, bool kept, float *memory);

/* Of step t. after: on the side to which the direction goes. */
float *glia_rnn_gate_at(const glia_rnn_geom *g, const glia_rnn_trace *trace, int t);
float *glia_rnn_inner_at(const glia_rnn_geom *g, const glia_rnn_trace *trace, int t);
float *glia_rnn_h_at(const glia_rnn_geom *g, const glia_rnn_trace *trace, int direction, int t, bool after);
float *glia_rnn_c_at(const glia_rnn_geom *g, const glia_rnn_trace *trace, int direction, int t, bool after);

/* The s-th step that a direction takes, as a place in time. */
static inline int glia_rnn_time(const glia_rnn_geom *g, int direction, int s) {
    return rnn_runs_backwards(g, direction) ? g->steps - 1 - s : s;
}

glia_status glia_rnn_check_lengths(const glia_call *call);
bool glia_rnn_goes_on(const glia_tensor *lengths, int sequence, int t);

/* The data of a tensor, NULL where the call has none. */
float *glia_rnn_input(const glia_call *call, int i);
float *glia_rnn_output(const glia_call *call, int i);

/* to = the state of a direction, or 0 where there is none. */
void glia_rnn_copy_state(float *to, const float *from, int direction, int64_t count);

/* How many sequences of a step make a piece for a thread. */
int64_t glia_rnn_rows_of_a_piece(const glia_rnn_geom *g);

/* The products read and write [T,N,I]. That is not x itself where sequences come first, or end early: there x is
 * gathered, with 0 behind the ends, and dx scattered. */
bool glia_rnn_gathers(const glia_call *call);
void glia_rnn_gather(const glia_call *call, float *rows);
void glia_rnn_scatter(const glia_call *call, const float *rows, float *dx);

/* Lays out a workspace, one aligned array after the other; from NULL it only counts. */
typedef struct glia_floats {
    char *memory;
    size_t bytes;
} glia_floats;
float *glia_take_floats(glia_floats *floats, int64_t count);

/* NULL, or why a call is not for the providers that keep such traces. */
const char *glia_rnn_decline_rows(const glia_call *call);

#endif
