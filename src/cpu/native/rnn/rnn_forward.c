/* The forward pass: w_ih x of many steps at once, then for each step w_hh h with weights that are packed once a call,
 * and one pass over the gates. */
#include <string.h>

#include "core/size.h"
#include "cpu/native/rnn/rnn_pass.h"

/* INPUT: w_ih x, of several steps. SECOND: the projection, or with reset_before w_hh_n (r h). */
enum { INPUT, RECURRENT, SECOND };

static size_t lay_out(const gli_call *call, char *memory, gli_rnn_workspace *out) {
    const gli_rnn_geom *g = call->geom;
    const int64_t rows = (int64_t)g->steps * g->batch, gates = gli_rnn_gates(g);
    gli_rnn_layout l = {memory};
    out->recurrent   = gli_rnn_take(&l, g->batch * gates);
    out->bias        = gli_rnn_take(&l, gates + g->hidden);
    out->trace       = gli_rnn_take(&l, call->out[GLI_RNN_SAVED] ? 0 : gli_rnn_trace_size(g, false));
    out->x           = gli_rnn_take(&l, gli_rnn_gathers(call) ? rows * g->inputs : 0);
    return l.bytes;
}

/* y = x w^T, with weights in rows. */
static gli_rnn_product weighted(int64_t rows, int64_t columns, int64_t sum) {
    return (gli_rnn_product){.rows         = rows,
                             .columns      = columns,
                             .sum          = sum,
                             .a_pitch      = sum,
                             .y_pitch      = columns,
                             .b_transposed = true,
                             .packs_b      = true};
}

static void products(const gli_rnn_geom *g, gli_rnn_product *out) {
    const int64_t gates = gli_rnn_gates(g), H = g->hidden, R = g->outputs, N = g->batch;
    out[INPUT]     = weighted(N, gates, g->inputs);
    out[RECURRENT] = weighted(N, gli_rnn_recurrent_gates(g), R);
    if (g->reset_before) out[SECOND] = weighted(N, H, H);
    if (g->projection) out[SECOND] = weighted(N, R, H);
}

size_t gli_rnn_saved_bytes(const gli_call *call) {
    const gli_rnn_geom *g = call->geom;
    return call->out[GLI_RNN_SAVED] ? (size_t)(g->directions * gli_rnn_trace_size(g, true)) * sizeof(float) : 0;
}

static float *h_at(const gli_rnn_pass *p, int t, bool after) {
    return gli_rnn_h_at(p->g, &p->trace, p->direction, t, after);
}

static float *c_at(const gli_rnn_pass *p, int t, bool after) {
    return gli_rnn_c_at(p->g, &p->trace, p->direction, t, after);
}

/* The weights of SECOND, NULL where there is no such product. */
static const float *second_weights(const gli_rnn_pass *p) {
    return p->g->reset_before ? gli_rnn_w_hh_n(p) : p->weight[GLI_RNN_W_HR];
}

static gli_rnn_row row_of(const gli_rnn_pass *p, int n) {
    const gli_rnn_geom *g = p->g;
    const int64_t unit = (int64_t)n * g->hidden, output = (int64_t)n * g->outputs;
    const float *recurrent = p->workspace.recurrent;
    gli_rnn_row row        = {.gate      = gli_rnn_gate_at(g, &p->trace, p->t) + g->gates * unit,
                              .recurrent = recurrent + (g->reset_before ? 2 : g->gates) * unit,
                              .reset     = recurrent + 2 * (int64_t)g->batch * g->hidden + unit,
                              .inner     = gli_rnn_inner_at(g, &p->trace, p->t) + unit,
                              .h         = h_at(p, p->t, false) + output,
                              .next_h    = h_at(p, p->t, true) + output};
    if (g->cell == GLIA_RNN_LSTM) {
        row.c      = c_at(p, p->t, false) + unit;
        row.next_c = c_at(p, p->t, true) + unit;
    }
    return row;
}

/* A sequence that has ended copies its states and outputs 0. */
static void skip(const gli_rnn_pass *p, const gli_rnn_row *row, float *y) {
    const gli_rnn_geom *g = p->g;
    memcpy(row->next_h, row->h, (size_t)g->outputs * sizeof(float));
    memset(y, 0, (size_t)g->outputs * sizeof(float));
    if (row->next_c) memcpy(row->next_c, row->c, (size_t)g->hidden * sizeof(float));
    if (gli_rnn_has_inner(g)) memset(row->inner, 0, (size_t)g->hidden * sizeof(float));
}

static void end_row(const gli_rnn_pass *p, const gli_rnn_row *row, int n) {
    const gli_rnn_geom *g = p->g;
    float *y =
        gli_out_floats(p->call, GLI_RNN_Y) + p->t * g->y_step + n * g->y_row + (int64_t)p->direction * g->outputs;
    if (gli_rnn_pass_is_active(p, n))
        memcpy(y, row->next_h, (size_t)g->outputs * sizeof(float));
    else
        skip(p, row, y);
}

static void cell_rows(void *arg, int64_t begin, int64_t end) {
    const gli_rnn_pass *p = arg;
    for (int n = p->row + (int)begin; n < p->row + end; ++n) {
        const gli_rnn_row row = row_of(p, n);
        gli_rnn_row cell      = row;
        if (p->g->projection) cell.next_h = row.inner;
        gli_rnn_cell_forward(&p->cells, &cell);
        if (!second_weights(p)) end_row(p, &row, n);
    }
}

/* What follows SECOND. */
static void second_rows(void *arg, int64_t begin, int64_t end) {
    const gli_rnn_pass *p = arg;
    for (int n = p->row + (int)begin; n < p->row + end; ++n) {
        const gli_rnn_row row = row_of(p, n);
        if (p->g->reset_before) gli_rnn_new_gate_forward(&p->cells, &row);
        end_row(p, &row, n);
    }
}

static void run_step(gli_rnn_pass *p) {
    const gli_rnn_geom *g = p->g;
    float *recurrent      = p->workspace.recurrent;
    gli_rnn_pass_multiply(p, RECURRENT, h_at(p, p->t, false), p->weight[GLI_RNN_W_HH], recurrent);
    gli_rnn_pass_rows(p, cell_rows);
    if (!second_weights(p)) return;
    float *to = g->projection ? h_at(p, p->t, true) : recurrent + 2 * (int64_t)g->batch * g->hidden;
    gli_rnn_pass_multiply(p, SECOND, gli_rnn_inner_at(g, &p->trace, p->t), second_weights(p), to);
    gli_rnn_pass_rows(p, second_rows);
}

static void steps_of(gli_rnn_pass *p) {
    for (int i = 0; i < p->steps; ++i) {
        p->t = gli_rnn_pass_time(p, i);
        run_step(p);
    }
}

static void pack_weights(const gli_rnn_pass *p) {
    const glia_context *ctx = p->call->ctx;
    gli_rnn_pack(ctx, &p->product[INPUT], p->weight[GLI_RNN_W_IH]);
    gli_rnn_pack(ctx, &p->product[RECURRENT], p->weight[GLI_RNN_W_HH]);
    if (second_weights(p)) gli_rnn_pack(ctx, &p->product[SECOND], second_weights(p));
}

/* Some steps from the s-th on, in the direction's order: w_ih x of all of them first, small enough for the caches. */
static void run_steps(gli_rnn_pass *p, const float *x, int s) {
    const gli_rnn_geom *g = p->g;
    p->first              = gli_rnn_earliest(g, p->direction, s, p->steps);
    if (!p->trace.saved) p->trace.first = p->first;
    gli_rnn_multiply(p->call->ctx, &p->product[INPUT], p->steps, x + (int64_t)p->first * g->batch * g->inputs,
                     p->weight[GLI_RNN_W_IH], gli_rnn_gate_at(g, &p->trace, p->first));
    gli_rnn_pass_steps(p, steps_of);
}

static void store_final_state(const gli_rnn_pass *p, int output, const float *state, int64_t count) {
    float *to = gli_out_floats(p->call, output);
    if (to) memcpy(to + p->direction * count, state, (size_t)count * sizeof *to);
}

static void run_direction(gli_rnn_pass *p, const float *x) {
    const gli_rnn_geom *g = p->g;
    const gli_call *call  = p->call;
    const int first = gli_rnn_time(g, p->direction, 0), last = gli_rnn_time(g, p->direction, g->steps - 1);
    const int64_t outputs = (int64_t)g->batch * g->outputs, units = (int64_t)g->batch * g->hidden;
    const bool lstm = g->cell == GLIA_RNN_LSTM;
    float *saved    = gli_out_floats(call, GLI_RNN_SAVED);
    gli_rnn_fold_bias(g, p->weight[GLI_RNN_B_IH], p->weight[GLI_RNN_B_HH], p->workspace.bias);
    p->trace = gli_rnn_trace_in(g, saved != NULL,
                                saved ? saved + p->direction * gli_rnn_trace_size(g, true) : p->workspace.trace);
    pack_weights(p);
    gli_rnn_copy_state(h_at(p, first, false), gli_in_floats(call, GLI_RNN_H0), p->direction, outputs);
    if (lstm) gli_rnn_copy_state(c_at(p, first, false), gli_in_floats(call, GLI_RNN_C0), p->direction, units);
    for (int s = 0; s < g->steps; s += p->steps) {
        p->steps = (int)gli_min_i64(gli_rnn_steps_at_once(g), g->steps - s);
        run_steps(p, x, s);
    }
    store_final_state(p, GLI_RNN_H_N, h_at(p, last, true), outputs);
    if (lstm) store_final_state(p, GLI_RNN_C_N, c_at(p, last, true), units);
}

const gli_rnn_pass_kind gli_rnn_forward = {
    .steps_at_once = gli_rnn_steps_at_once, .products = products, .lay_out = lay_out, .direction = run_direction};
