/* Forward activations kept for the backward pass, time-major, of one direction on the CPU. */
#ifndef GLI_CPU_NATIVE_RNN_RNN_TRACE_H
#define GLI_CPU_NATIVE_RNN_RNN_TRACE_H

#include "cpu/native/call_floats.h"
#include "ops/rnn/rnn_geom.h"

/* Slot t belongs to step t; states have one slot more: step t leads from slot t to t + 1, or back in a direction that
 * runs backwards. After its end a sequence has 0 in inner and its last states. Without `saved`, for inference, there
 * are only the slots of some steps of gate, from step `first` on, one of inner, and two of the states. */
typedef struct gli_rnn_trace {
    float *gate;  /* [T,N,G,H]: w_ih x, then the gates */
    float *inner; /* [T,N,H]. GRU: w_hh_n h + b_hh_n, or with reset_before r h. With a projection: o tanh(c) */
    float *h, *c; /* [T+1,N,R], [T+1,N,H] */
    bool saved;   /* all of it, for the backward pass */
    int first;
} gli_rnn_trace;

static inline bool gli_rnn_has_inner(const gli_rnn_geom *g) { return g->cell == GLIA_RNN_GRU || g->projection; }

/* Steps whose inputs are multiplied by w_ih in one matmul of the forward pass. */
int gli_rnn_steps_at_once(const gli_rnn_geom *g);

/* Elements of one direction's trace, and the trace in that much memory. */
int64_t gli_rnn_trace_size(const gli_rnn_geom *g, bool saved);
gli_rnn_trace gli_rnn_trace_in(const gli_rnn_geom *g, bool saved, float *memory);

/* Of step t. after: the state after the step, in the order of the direction. */
float *gli_rnn_gate_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int t);
float *gli_rnn_inner_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int t);
float *gli_rnn_h_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int direction, int t, bool after);
float *gli_rnn_c_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int direction, int t, bool after);

/* The time t of a direction's s-th step. */
static inline int gli_rnn_time(const gli_rnn_geom *g, int direction, int s) {
    return gli_rnn_runs_backwards(g, direction) ? g->steps - 1 - s : s;
}

/* The earliest time of `count` steps of a direction from the s-th on. */
static inline int gli_rnn_earliest(const gli_rnn_geom *g, int direction, int s, int count) {
    return gli_rnn_runs_backwards(g, direction) ? g->steps - s - count : s;
}

glia_status gli_rnn_check_lengths(const gli_call *call);

/* Whether step t is before the end of the sequence. */
bool gli_rnn_is_active(const glia_tensor *lengths, int sequence, int t);

/* to = the state of a direction, or 0 where there is none. */
void gli_rnn_copy_state(float *to, const float *from, int direction, int64_t count);

/* Sequences of a step that make a chunk for a thread. */
int64_t gli_rnn_rows_per_chunk(const gli_rnn_geom *g);

/* The matmuls read and write [T,N,I]. Where x is batch-first or sequences end early, x is gathered into that, with 0
 * after the ends, and dx scattered. */
bool gli_rnn_gathers(const gli_call *call);
void gli_rnn_gather(const gli_call *call, float *rows);
void gli_rnn_scatter(const gli_call *call, const float *rows, float *dx);

/* NULL, or why the providers that save such traces decline the call. */
const char *gli_rnn_trace_decline(const gli_call *call);

#endif
