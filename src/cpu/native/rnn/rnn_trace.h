/* What the steps of one direction leave behind, on the CPU, in the order of time. */
#ifndef GLI_CPU_NATIVE_RNN_RNN_TRACE_H
#define GLI_CPU_NATIVE_RNN_RNN_TRACE_H

#include "cpu/native/call_floats.h"
#include "ops/rnn/rnn_geom.h"

/* Slot t belongs to step t; states have one slot more, and step t lies between its slots t and t + 1. Sequences that
 * have ended keep their states, and have 0 in inner. Inference keeps only some slots of gate, from the one of step
 * `first` on, one of inner, and two of the states. */
typedef struct gli_rnn_trace {
    float *gate;  /* [T,N,G,H]: w_ih x, then the gates */
    float *inner; /* [T,N,H]. GRU: w_hh_n h + b_hh_n, or with reset_before r h. With a projection: o tanh(c) */
    float *h, *c; /* [T+1,N,R], [T+1,N,H] */
    bool kept;    /* whole, for the backward pass */
    int first;
} gli_rnn_trace;

static inline bool gli_rnn_has_inner(const gli_rnn_geom *g) { return g->cell == GLIA_RNN_GRU || g->projection; }

/* For how many steps the inputs are multiplied at once. */
int gli_rnn_steps_at_once(const gli_rnn_geom *g);

/* Elements of one direction's trace, and its trace in so much memory. */
int64_t gli_rnn_trace_size(const gli_rnn_geom *g, bool kept);
gli_rnn_trace gli_rnn_trace_in(const gli_rnn_geom *g, bool kept, float *memory);

/* Of step t. after: on the side to which the direction goes. */
float *gli_rnn_gate_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int t);
float *gli_rnn_inner_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int t);
float *gli_rnn_h_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int direction, int t, bool after);
float *gli_rnn_c_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int direction, int t, bool after);

/* The s-th step that a direction takes, as a place in time. */
static inline int gli_rnn_time(const gli_rnn_geom *g, int direction, int s) {
    return gli_rnn_runs_backwards(g, direction) ? g->steps - 1 - s : s;
}

glia_status gli_rnn_check_lengths(const gli_call *call);
bool gli_rnn_goes_on(const glia_tensor *lengths, int sequence, int t);

/* to = the state of a direction, or 0 where there is none. */
void gli_rnn_copy_state(float *to, const float *from, int direction, int64_t count);

/* How many sequences of a step make a piece for a thread. */
int64_t gli_rnn_rows_of_a_piece(const gli_rnn_geom *g);

/* The products read and write [T,N,I]. That is not x itself where sequences come first, or end early: there x is
 * gathered, with 0 behind the ends, and dx scattered. */
bool gli_rnn_gathers(const gli_call *call);
void gli_rnn_gather(const gli_call *call, float *rows);
void gli_rnn_scatter(const gli_call *call, const float *rows, float *dx);

/* Lays out a workspace, one aligned array after the other; from NULL it only counts. */
typedef struct gli_floats {
    char *memory;
    size_t bytes;
} gli_floats;
float *gli_take_floats(gli_floats *floats, int64_t count);

/* NULL, or why a call is not for the providers that keep such traces. */
const char *gli_rnn_decline_rows(const gli_call *call);

#endif
