/* rnn through oneDNN's products: w_ih x of many steps at once, then for each step w_hh h by weights that are packed
 * once a call, and one pass over the gates. oneDNN's own recurrent primitives know neither lengths nor clipping, and
 * as a whole are no faster. */
#include "ops/rnn/rnn_geom.h"

#include <string.h>

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/onednn/onednn.h"
#include "cpu/native/rnn/rnn_cells.h"
#include "cpu/onednn/rnn_onednn.h"
#include "cpu/native/rnn/rnn_trace.h"

/* INPUT and INPUT_REST: w_ih x of as many steps as glia_rnn_steps_at_once says, and of those that remain. SECOND: the
 * projection, or with reset_before w_hh_n (r h). */
enum { INPUT, INPUT_REST, RECURRENT, SECOND };

/* Where things lie in the workspace; one direction runs after the other, in the same memory. */
typedef struct room {
    float *trace, *x, *recurrence, *bias;
    void *products;
} room;

static size_t lay_out(const glia_call *call, char *workspace, room *out) {
    const glia_rnn_geom *g = call->geom;
    const int64_t rows = (int64_t)g->steps * g->batch, gates = (int64_t)g->gates * g->hidden;
    glia_floats f   = {workspace};
    out->recurrence = glia_take_floats(&f, g->batch * gates);
    out->bias       = glia_take_floats(&f, gates + g->hidden);
    out->trace      = glia_take_floats(&f, call->out[RNN_RESERVE] ? 0 : glia_rnn_trace_size(g, false));
    out->x          = glia_take_floats(&f, glia_rnn_gathers(call) ? rows * g->inputs : 0);
    out->products   = glia_take_floats(&f, 0);
    return f.bytes;
}

static void add_input_product(const glia_rnn_geom *g, glia_dnn *dnn, int number, int64_t steps) {
    const int64_t rows = steps * g->batch, gates = (int64_t)g->gates * g->hidden;
    const glia_dnn_view x    = glia_dnn_given(rows, g->inputs, g->inputs, GLIA_DNN_AS_IT_LIES);
    const glia_dnn_view sums = glia_dnn_given(rows, gates, gates, GLIA_DNN_AS_IT_LIES);
    const glia_dnn_view w_ih = glia_dnn_given(gates, g->inputs, g->inputs, glia_rnn_onednn_weights(g));
    const glia_dnn_view w    = glia_dnn_transposed(w_ih);
    if (steps > 0) glia_dnn_add_packed_product(dnn, number, &x, &w, &sums, 0);
}

static void add_products(const glia_rnn_geom *g, glia_dnn *dnn) {
    const int64_t gates        = (int64_t)g->gates * g->hidden;
    const int64_t at_once      = g->reset_before ? 2 * (int64_t)g->hidden : gates;
    const glia_dnn_layout best = glia_rnn_onednn_weights(g), lies = GLIA_DNN_AS_IT_LIES;
    const glia_dnn_view h       = glia_dnn_given(g->batch, g->outputs, g->outputs, lies);
    const glia_dnn_view product = glia_dnn_given(g->batch, at_once, at_once, lies);
    const glia_dnn_view units   = glia_dnn_given(g->batch, g->hidden, g->hidden, lies);
    const glia_dnn_view w_hh    = glia_dnn_transposed(glia_dnn_given(at_once, g->outputs, g->outputs, best));
    const glia_dnn_view w_n     = glia_dnn_transposed(glia_dnn_given(g->hidden, g->hidden, g->hidden, best));
    const glia_dnn_view w_hr    = glia_dnn_transposed(glia_dnn_given(g->outputs, g->hidden, g->hidden, best));
    add_input_product(g, dnn, INPUT, glia_rnn_steps_at_once(g));
    add_input_product(g, dnn, INPUT_REST, g->steps % glia_rnn_steps_at_once(g));
    glia_dnn_add_packed_product(dnn, RECURRENT, &h, &w_hh, &product, 0);
    if (g->reset_before) glia_dnn_add_packed_product(dnn, SECOND, &units, &w_n, &units, 0);
    if (g->projection) glia_dnn_add_packed_product(dnn, SECOND, &units, &w_hr, &h, 0);
}

static glia_status prepare(const glia_call *call, glia_prepared *out) {
    const glia_rnn_geom *g = call->geom;
    room r;
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    add_products(g, dnn);
    GLIA_TRY(glia_dnn_end(dnn, out));
    out->workspace += lay_out(call, NULL, &r);
    if (call->out[RNN_RESERVE]) out->reserve = (size_t)(g->directions * glia_rnn_trace_size(g, true)) * sizeof(float);
    return GLIA_OK;
}

/* One direction at work, and its step t. */
typedef struct pass {
    const glia_call *call;
    const glia_rnn_geom *g;
    const glia_dnn *dnn;
    room room;
    int direction, t;
    glia_rnn_cells cells;
    glia_rnn_trace trace;
    const float *w_n; /* the weights of SECOND */
} pass;

static glia_rnn_row row_of(const pass *p, int n) {
    const glia_rnn_geom *g = p->g;
    const int64_t unit = (int64_t)n * g->hidden, output = (int64_t)n * g->outputs;
    const float *recurrence = p->room.recurrence;
    glia_rnn_row row        = {.gate      = glia_rnn_gate_at(g, &p->trace, p->t) + g->gates * unit,
                               .recurrent = recurrence + (g->reset_before ? 2 : g->gates) * unit,
                               .reset     = recurrence + 2 * (int64_t)g->batch * g->hidden + unit,
                               .inner     = glia_rnn_inner_at(g, &p->trace, p->t) + unit,
                               .h         = glia_rnn_h_at(g, &p->trace, p->direction, p->t, false) + output,
                               .next_h    = glia_rnn_h_at(g, &p->trace, p->direction, p->t, true) + output};
    if (g->cell == GLIA_RNN_LSTM) {
        row.c      = glia_rnn_c_at(g, &p->trace, p->direction, p->t, false) + unit;
        row.next_c = glia_rnn_c_at(g, &p->trace, p->direction, p->t, true) + unit;
    }
    return row;
}

/* A sequence that has ended keeps its states and gives 0. */
static void skip(const pass *p, const glia_rnn_row *row, float *y) {
    const glia_rnn_geom *g = p->g;
    memcpy(row->next_h, row->h, (size_t)g->outputs * sizeof(float));
    memset(y, 0, (size_t)g->outputs * sizeof(float));
    if (row->next_c) memcpy(row->next_c, row->c, (size_t)g->hidden * sizeof(float));
    if (glia_rnn_has_inner(g)) memset(row->inner, 0, (size_t)g->hidden * sizeof(float));
}

static void end_row(const pass *p, const glia_rnn_row *row, int n) {
    const glia_rnn_geom *g = p->g;
    float *y =
        (float *)p->call->out[RNN_Y]->data + p->t * g->y_step + n * g->y_row + (int64_t)p->direction * g->outputs;
    if (glia_rnn_goes_on(p->call->in[RNN_LENGTHS], n, p->t))
        memcpy(y, row->next_h, (size_t)g->outputs * sizeof(float));
    else
        skip(p, row, y);
}

static void first_rows(void *arg, int64_t begin, int64_t end) {
    const pass *p = arg;
    for (int n = (int)begin; n < end; ++n) {
        const glia_rnn_row row = row_of(p, n);
        glia_rnn_row cell      = row;
        if (p->g->projection) cell.next_h = row.inner;
        glia_rnn_cell_row(&p->cells, &cell);
        if (!p->w_n) end_row(p, &row, n);
    }
}

static void second_rows(void *arg, int64_t begin, int64_t end) {
    const pass *p = arg;
    for (int n = (int)begin; n < end; ++n) {
        const glia_rnn_row row = row_of(p, n);
        if (p->g->reset_before) glia_rnn_new_gate(&p->cells, &row);
        end_row(p, &row, n);
    }
}

static glia_status run_step(pass *p) {
    const glia_rnn_geom *g = p->g;
    const int64_t grain    = glia_rnn_rows_of_a_piece(g);
    const float *h         = glia_rnn_h_at(g, &p->trace, p->direction, p->t, false);
    float *next            = glia_rnn_h_at(g, &p->trace, p->direction, p->t, true);
    const float *w_hh      = glia_rnn_input(p->call, rnn_weight(p->direction, RNN_W_HH));
    GLIA_TRY(glia_dnn_multiply(p->call, p->dnn, RECURRENT, (glia_dnn_operands){h, w_hh, p->room.recurrence},
                               p->room.products));
    glia_parallel(p->call->ctx, g->batch, grain, first_rows, p);
    if (!p->w_n) return GLIA_OK;
    float *to                        = g->projection ? next : p->room.recurrence + 2 * (int64_t)g->batch * g->hidden;
    const glia_dnn_operands operands = {glia_rnn_inner_at(g, &p->trace, p->t), p->w_n, to};
    GLIA_TRY(glia_dnn_multiply(p->call, p->dnn, SECOND, operands, p->room.products));
    glia_parallel(p->call->ctx, g->batch, grain, second_rows, p);
    return GLIA_OK;
}

static glia_status pack_weights(const pass *p) {
    const float *w_ih = glia_rnn_input(p->call, rnn_weight(p->direction, RNN_W_IH));
    const float *w_hh = glia_rnn_input(p->call, rnn_weight(p->direction, RNN_W_HH));
    const bool rest   = p->g->steps % glia_rnn_steps_at_once(p->g) != 0;
    GLIA_TRY(glia_dnn_pack(p->call, p->dnn, INPUT, w_ih, p->room.products));
    GLIA_TRY(glia_dnn_pack(p->call, p->dnn, RECURRENT, w_hh, p->room.products));
    if (rest) GLIA_TRY(glia_dnn_pack(p->call, p->dnn, INPUT_REST, w_ih, p->room.products));
    if (p->w_n) GLIA_TRY(glia_dnn_pack(p->call, p->dnn, SECOND, p->w_n, p->room.products));
    return GLIA_OK;
}

/* Some steps from the s-th on, in the direction's order: first what their inputs give, while the caches hold it. */
static glia_status run_steps(pass *p, const float *x, int s, int count) {
    const glia_rnn_geom *g = p->g;
    const float *w_ih      = glia_rnn_input(p->call, rnn_weight(p->direction, RNN_W_IH));
    const int number       = count == glia_rnn_steps_at_once(g) ? INPUT : INPUT_REST;
    const int a = glia_rnn_time(g, p->direction, s), b = glia_rnn_time(g, p->direction, s + count - 1);
    const int earliest = a < b ? a : b;
    if (!p->trace.kept) p->trace.first = earliest;
    const glia_dnn_operands operands = {x + (int64_t)earliest * g->batch * g->inputs, w_ih,
                                        glia_rnn_gate_at(g, &p->trace, earliest)};
    GLIA_TRY(glia_dnn_multiply(p->call, p->dnn, number, operands, p->room.products));
    for (int i = 0; i < count; ++i) {
        p->t = glia_rnn_time(g, p->direction, s + i);
        GLIA_TRY(run_step(p));
    }
    return GLIA_OK;
}

static glia_status run_direction(pass *p, const float *x) {
    const glia_rnn_geom *g = p->g;
    const int first = glia_rnn_time(g, p->direction, 0), last = glia_rnn_time(g, p->direction, g->steps - 1);
    const int64_t outputs = (int64_t)g->batch * g->outputs, units = (int64_t)g->batch * g->hidden;
    const bool lstm = g->cell == GLIA_RNN_LSTM;
    GLIA_TRY(pack_weights(p));
    glia_rnn_copy_state(glia_rnn_h_at(g, &p->trace, p->direction, first, false), glia_rnn_input(p->call, RNN_H0),
                        p->direction, outputs);
    if (lstm)
        glia_rnn_copy_state(glia_rnn_c_at(g, &p->trace, p->direction, first, false), glia_rnn_input(p->call, RNN_C0),
                            p->direction, units);
    for (int s = 0, count = glia_rnn_steps_at_once(g); s < g->steps; s += count)
        GLIA_TRY(run_steps(p, x, s, (int)glia_min_i64(count, g->steps - s)));
    float *h_n = glia_rnn_output(p->call, RNN_H_N), *c_n = glia_rnn_output(p->call, RNN_C_N);
    if (h_n)
        memcpy(h_n + p->direction * outputs, glia_rnn_h_at(g, &p->trace, p->direction, last, true),
               (size_t)outputs * sizeof(float));
    if (lstm && c_n)
        memcpy(c_n + p->direction * units, glia_rnn_c_at(g, &p->trace, p->direction, last, true),
               (size_t)units * sizeof(float));
    return GLIA_OK;
}

static glia_status run(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    const glia_rnn_geom *g = call->geom;
    const float *x         = call->in[RNN_X]->data;
    float *reserve         = glia_rnn_output(call, RNN_RESERVE);
    pass p                 = {.call = call, .g = g, .dnn = prepared->state};
    lay_out(call, workspace, &p.room);
    GLIA_TRY(glia_rnn_check_lengths(call));
    if (glia_rnn_gathers(call)) glia_rnn_gather(call, p.room.x), x = p.room.x;
    for (int d = 0; d < g->directions; ++d) {
        float *memory       = reserve ? reserve + d * glia_rnn_trace_size(g, true) : p.room.trace;
        const float *bias[] = {glia_rnn_input(call, rnn_weight(d, RNN_B_IH)),
                               glia_rnn_input(call, rnn_weight(d, RNN_B_HH))};
        glia_rnn_fold_bias(g, bias[0], bias[1], p.room.bias);
        p.direction = d;
        p.cells     = (glia_rnn_cells){g, p.room.bias, glia_rnn_input(call, rnn_weight(d, RNN_PEEPHOLE))};
        p.trace     = glia_rnn_trace_in(g, reserve != NULL, memory);
        p.w_n       = glia_rnn_input(call, rnn_weight(d, RNN_W_HR));
        if (g->reset_before) p.w_n = glia_rnn_input(call, rnn_weight(d, RNN_W_HH)) + 2 * (int64_t)g->hidden * g->hidden;
        GLIA_TRY(run_direction(&p, x));
    }
    return GLIA_OK;
}

GLIA_DNN_PROVIDER(rnn, glia_rnn_onednn_decline, prepare, run);
