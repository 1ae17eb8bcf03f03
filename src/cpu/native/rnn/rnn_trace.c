#include "cpu/native/rnn/rnn_trace.h"

#include <string.h>

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/index_range.h"

enum { UNITS_PER_CHUNK = 4096, STEPS_PER_CHUNK = 8, ROWS_AT_ONCE = 512 };

int gli_rnn_steps_at_once(const gli_rnn_geom *g) {
    return (int)gli_min_i64(g->steps, gli_max_i64(1, ROWS_AT_ONCE / g->batch));
}

static int64_t gates_per_step(const gli_rnn_geom *g) { return (int64_t)g->batch * g->gates * g->hidden; }
static int64_t units_per_step(const gli_rnn_geom *g) { return (int64_t)g->batch * g->hidden; }
static int64_t outputs_per_step(const gli_rnn_geom *g) { return (int64_t)g->batch * g->outputs; }

gli_rnn_trace gli_rnn_trace_in(const gli_rnn_geom *g, bool saved, float *memory) {
    const bool inner     = gli_rnn_has_inner(g);
    const int64_t states = saved ? (int64_t)g->steps + 1 : 2;
    gli_rnn_trace trace  = {.gate = memory, .saved = saved};
    trace.inner          = trace.gate + (saved ? g->steps : gli_rnn_steps_at_once(g)) * gates_per_step(g);
    trace.h              = trace.inner + (inner ? (saved ? g->steps : 1) * units_per_step(g) : 0);
    trace.c              = trace.h + states * outputs_per_step(g);
    return trace;
}

int64_t gli_rnn_trace_size(const gli_rnn_geom *g, bool saved) {
    const bool inner     = gli_rnn_has_inner(g);
    const int64_t states = saved ? (int64_t)g->steps + 1 : 2;
    return (saved ? g->steps : gli_rnn_steps_at_once(g)) * gates_per_step(g) +
           (inner ? (saved ? g->steps : 1) * units_per_step(g) : 0) +
           states * (outputs_per_step(g) + (g->cell == GLIA_RNN_LSTM ? units_per_step(g) : 0));
}

float *gli_rnn_gate_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int t) {
    return trace->gate + (t - trace->first) * gates_per_step(g);
}

float *gli_rnn_inner_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int t) {
    return trace->inner + (trace->saved ? t : 0) * units_per_step(g);
}

static int64_t state_slot(const gli_rnn_geom *g, const gli_rnn_trace *trace, int direction, int t, bool after) {
    const int64_t slot = (int64_t)t + (after != gli_rnn_runs_backwards(g, direction));
    return trace->saved ? slot : slot & 1;
}

float *gli_rnn_h_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int direction, int t, bool after) {
    return trace->h + state_slot(g, trace, direction, t, after) * outputs_per_step(g);
}

float *gli_rnn_c_at(const gli_rnn_geom *g, const gli_rnn_trace *trace, int direction, int t, bool after) {
    return trace->c + state_slot(g, trace, direction, t, after) * units_per_step(g);
}

glia_status gli_rnn_check_lengths(const gli_call *call) {
    const gli_rnn_geom *g = call->geom;
    if (!call->in[GLI_RNN_LENGTHS]) return GLIA_OK;
    return gli_index_check(call, GLI_RNN_LENGTHS, (gli_index_range){.low = 0, .high = (int64_t)g->steps + 1});
}

bool gli_rnn_is_active(const glia_tensor *lengths, int sequence, int t) {
    return !lengths || t < gli_index_load(lengths, sequence);
}

void gli_rnn_copy_state(float *to, const float *from, int direction, int64_t count) {
    if (from)
        memcpy(to, from + direction * count, (size_t)count * sizeof *to);
    else
        memset(to, 0, (size_t)count * sizeof *to);
}

int64_t gli_rnn_rows_per_chunk(const gli_rnn_geom *g) { return gli_max_i64(1, UNITS_PER_CHUNK / g->hidden); }

bool gli_rnn_gathers(const gli_call *call) {
    return ((const gli_rnn_geom *)call->geom)->batch_first || call->in[GLI_RNN_LENGTHS];
}

typedef struct move {
    const gli_rnn_geom *g;
    const glia_tensor *lengths;
    const float *from;
    float *to;
    bool gather;
} move;

static void move_steps(void *arg, int64_t begin, int64_t end) {
    const move *m         = arg;
    const gli_rnn_geom *g = m->g;
    for (int64_t t = begin; t < end; ++t)
        for (int n = 0; n < g->batch; ++n) {
            const int64_t row = (t * g->batch + n) * g->inputs, x = t * g->x_step + n * g->x_row;
            float *to = m->to + (m->gather ? row : x);
            if (gli_rnn_is_active(m->lengths, n, (int)t))
                memcpy(to, m->from + (m->gather ? x : row), (size_t)g->inputs * sizeof *to);
            else
                memset(to, 0, (size_t)g->inputs * sizeof *to);
        }
}

void gli_rnn_gather(const gli_call *call, float *rows) {
    const gli_rnn_geom *g = call->geom;
    move m                = {g, call->in[GLI_RNN_LENGTHS], call->in[GLI_RNN_X]->data, rows, true};
    gli_parallel(call->ctx, g->steps, STEPS_PER_CHUNK, move_steps, &m);
}

void gli_rnn_scatter(const gli_call *call, const float *rows, float *dx) {
    const gli_rnn_geom *g = call->geom;
    move m                = {g, call->in[GLI_RNN_LENGTHS], rows, dx, false};
    gli_parallel(call->ctx, g->steps, STEPS_PER_CHUNK, move_steps, &m);
}

const char *gli_rnn_trace_decline(const gli_call *call) {
    const gli_rnn_geom *g = call->geom;
    if (g->steps == 0 || g->batch == 0) return "there are no steps";
    return g->directions * gli_rnn_trace_size(g, true) > g->saved ? "its trace exceeds the saved output" : NULL;
}
