#include "cpu/native/rnn/rnn_trace.h"

#include <string.h>

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/index_range.h"

enum { UNITS_OF_A_PIECE = 4096, STEPS_OF_A_PIECE = 8, ROWS_AT_ONCE = 512 };

int glia_rnn_steps_at_once(const glia_rnn_geom *g) {
    return (int)glia_min_i64(g->steps, glia_max_i64(1, ROWS_AT_ONCE / g->batch));
}

static int64_t row_of_gates(const glia_rnn_geom *g) { return (int64_t)g->batch * g->gates * g->hidden; }
static int64_t row_of_units(const glia_rnn_geom *g) { return (int64_t)g->batch * g->hidden; }
static int64_t row_of_outputs(const glia_rnn_geom *g) { return (int64_t)g->batch * g->outputs; }

glia_rnn_trace glia_rnn_trace_in(const glia_rnn_geom *g, bool kept, float *memory) {
    const bool inner     = glia_rnn_has_inner(g);
    const int64_t states = kept ? (int64_t)g->steps + 1 : 2;
    glia_rnn_trace trace = {.gate = memory, .kept = kept};
    trace.inner          = trace.gate + (kept ? g->steps : glia_rnn_steps_at_once(g)) * row_of_gates(g);
    trace.h              = trace.inner + (inner ? (kept ? g->steps : 1) * row_of_units(g) : 0);
    trace.c              = trace.h + states * row_of_outputs(g);
    return trace;
}

int64_t glia_rnn_trace_size(const glia_rnn_geom *g, bool kept) {
    const bool inner     = glia_rnn_has_inner(g);
    const int64_t states = kept ? (int64_t)g->steps + 1 : 2;
    return (kept ? g->steps : glia_rnn_steps_at_once(g)) * row_of_gates(g) +
           (inner ? (kept ? g->steps : 1) * row_of_units(g) : 0) +
           states * (row_of_outputs(g) + (g->cell == GLIA_RNN_LSTM ? row_of_units(g) : 0));
}

float *glia_rnn_gate_at(const glia_rnn_geom *g, const glia_rnn_trace *trace, int t) {
    return trace->gate + (t - trace->first) * row_of_gates(g);
}

float *glia_rnn_inner_at(const glia_rnn_geom *g, const glia_rnn_trace *trace, int t) {
    return trace->inner + (trace->kept ? t : 0) * row_of_units(g);
}

static int64_t state_slot(const glia_rnn_geom *g, const glia_rnn_trace *trace, int direction, int t, bool after) {
    const int64_t slot = (int64_t)t + (after != rnn_runs_backwards(g, direction));
    return trace->kept ? slot : slot & 1;
}

float *glia_rnn_h_at(const glia_rnn_geom *g, const glia_rnn_trace *trace, int direction, int t, bool after) {
    return trace->h + state_slot(g, trace, direction, t, after) * row_of_outputs(g);
}

float *glia_rnn_c_at(const glia_rnn_geom *g, const glia_rnn_trace *trace, int direction, int t, bool after) {
    return trace->c + state_slot(g, trace, direction, t, after) * row_of_units(g);
}

glia_status glia_rnn_check_lengths(const glia_call *call) {
    const glia_rnn_geom *g = call->geom;
    if (!call->in[RNN_LENGTHS]) return GLIA_OK;
    return glia_index_check(call, RNN_LENGTHS, (glia_index_range){.low = 0, .high = (int64_t)g->steps + 1});
}

bool glia_rnn_goes_on(const glia_tensor *lengths, int sequence, int t) {
    return !lengths || t < glia_index_load(lengths, sequence);
}

float *glia_rnn_input(const glia_call *call, int i) { return i < call->n_in && call->in[i] ? call->in[i]->data : NULL; }

float *glia_rnn_output(const glia_call *call, int i) { return call->out[i] ? call->out[i]->data : NULL; }

void glia_rnn_copy_state(float *to, const float *from, int direction, int64_t count) {
    if (from)
        memcpy(to, from + direction * count, (size_t)count * sizeof *to);
    else
        memset(to, 0, (size_t)count * sizeof *to);
}

int64_t glia_rnn_rows_of_a_piece(const glia_rnn_geom *g) { return glia_max_i64(1, UNITS_OF_A_PIECE / g->hidden); }

bool glia_rnn_gathers(const glia_call *call) {
    return ((const glia_rnn_geom *)call->geom)->batch_first || call->in[RNN_LENGTHS];
}

float *glia_take_floats(glia_floats *floats, int64_t count) {
    const size_t at = glia_align_up(floats->bytes, GLIA_ALIGNMENT);
    floats->bytes   = at + (size_t)count * sizeof(float);
    return floats->memory ? (float *)(floats->memory + at) : NULL;
}

typedef struct move {
    const glia_rnn_geom *g;
    const glia_tensor *lengths;
    const float *from;
    float *to;
    bool gather;
} move;

static void move_steps(void *arg, int64_t begin, int64_t end) {
    const move *m          = arg;
    const glia_rnn_geom *g = m->g;
    for (int64_t t = begin; t < end; ++t)
        for (int n = 0; n < g->batch; ++n) {
            const int64_t row = (t * g->batch + n) * g->inputs, x = t * g->x_step + n * g->x_row;
            float *to = m->to + (m->gather ? row : x);
            if (glia_rnn_goes_on(m->lengths, n, (int)t))
                memcpy(to, m->from + (m->gather ? x : row), (size_t)g->inputs * sizeof *to);
            else
                memset(to, 0, (size_t)g->inputs * sizeof *to);
        }
}

void glia_rnn_gather(const glia_call *call, float *rows) {
    const glia_rnn_geom *g = call->geom;
    move m                 = {g, call->in[RNN_LENGTHS], call->in[RNN_X]->data, rows, true};
    glia_parallel(call->ctx, g->steps, STEPS_OF_A_PIECE, move_steps, &m);
}

void glia_rnn_scatter(const glia_call *call, const float *rows, float *dx) {
    const glia_rnn_geom *g = call->geom;
    move m                 = {g, call->in[RNN_LENGTHS], rows, dx, false};
    glia_parallel(call->ctx, g->steps, STEPS_OF_A_PIECE, move_steps, &m);
}

static const char *decline_tensor(const glia_tensor *tensor) {
    if (!tensor) return NULL;
    if (tensor->dtype != GLIA_F32) return "only f32";
    return glia_is_dense(tensor) ? NULL : "only dense tensors";
}

const char *glia_rnn_decline_rows(const glia_call *call) {
    const glia_rnn_geom *g = call->geom;
    const char *reason     = g->steps == 0 || g->batch == 0 ? "there are no steps" : NULL;
    for (int i = 0; i < call->n_in && !reason; ++i)
        if (i != RNN_LENGTHS) reason = decline_tensor(call->in[i]);
    for (int i = 0; i < call->op->n_out && !reason; ++i) reason = decline_tensor(call->out[i]);
    if (!reason && g->directions * glia_rnn_trace_size(g, true) > g->reserve) reason = "its trace exceeds the reserve";
    return reason;
}
