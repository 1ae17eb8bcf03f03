/* rnn through oneDNN's products: w_ih x of many steps at once, then for each step w_hh h by weights that are packed
 * once a call, and one pass over the gates. oneDNN's own recurrent primitives know neither lengths nor clipping, and
 * as a whole are no faster. */
#include <string.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/native/rnn/rnn_cells.h"
#include "cpu/native/rnn/rnn_trace.h"
#include "cpu/onednn/onednn.h"
#include "cpu/onednn/rnn_onednn.h"
#include "ops/rnn/rnn_geom.h"

/* INPUT and INPUT_REST: w_ih x of as many steps as gli_rnn_steps_at_once says, and of those that remain. SECOND: the
 * projection, or with reset_before w_hh_n (r h). */
enum { INPUT, INPUT_REST, RECURRENT, SECOND };

/* Where things lie in the workspace; one direction runs after the other, in the same memory. */
typedef struct room {
    float *trace, *x, *recurrence, *bias;
    void *products;
} room;

static size_t lay_out(const gli_call *call, char *workspace, room *out) {
    const gli_rnn_geom *g = call->geom;
    const int64_t rows = (int64_t)g->steps * g->batch, gates = (int64_t)g->gates * g->hidden;
    gli_floats f    = {workspace};
    out->recurrence = gli_take_floats(&f, g->batch * gates);
    out->bias       = gli_take_floats(&f, gates + g->hidden);
    out->trace      = gli_take_floats(&f, call->out[GLI_RNN_RESERVE] ? 0 : gli_rnn_trace_size(g, false));
    out->x          = gli_take_floats(&f, gli_rnn_gathers(call) ? rows * g->inputs : 0);
    out->products   = gli_take_floats(&f, 0);
    return f.bytes;
}

static void add_input_product(const gli_rnn_geom *g, gli_dnn *dnn, int number, int64_t steps) {
    const int64_t rows = steps * g->batch, gates = (int64_t)g->gates * g->hidden;
    const gli_dnn_view x    = gli_dnn_bound_later(rows, g->inputs, g->inputs, GLI_DNN_AS_IS);
    const gli_dnn_view sums = gli_dnn_bound_later(rows, gates, gates, GLI_DNN_AS_IS);
    const gli_dnn_view w_ih = gli_dnn_bound_later(gates, g->inputs, g->inputs, gli_rnn_onednn_weights(g));
    const gli_dnn_view w    = gli_dnn_transposed(w_ih);
    if (steps > 0) gli_dnn_add_packed_matmul(dnn, number, &x, &w, &sums, 0);
}

static void add_products(const gli_rnn_geom *g, gli_dnn *dnn) {
    const int64_t gates       = (int64_t)g->gates * g->hidden;
    const int64_t at_once     = g->reset_before ? 2 * (int64_t)g->hidden : gates;
    const gli_dnn_layout best = gli_rnn_onednn_weights(g), as_is = GLI_DNN_AS_IS;
    const gli_dnn_view h       = gli_dnn_bound_later(g->batch, g->outputs, g->outputs, as_is);
    const gli_dnn_view product = gli_dnn_bound_later(g->batch, at_once, at_once, as_is);
    const gli_dnn_view units   = gli_dnn_bound_later(g->batch, g->hidden, g->hidden, as_is);
    const gli_dnn_view w_hh    = gli_dnn_transposed(gli_dnn_bound_later(at_once, g->outputs, g->outputs, best));
    const gli_dnn_view w_n     = gli_dnn_transposed(gli_dnn_bound_later(g->hidden, g->hidden, g->hidden, best));
    const gli_dnn_view w_hr    = gli_dnn_transposed(gli_dnn_bound_later(g->outputs, g->hidden, g->hidden, best));
    add_input_product(g, dnn, INPUT, gli_rnn_steps_at_once(g));
    add_input_product(g, dnn, INPUT_REST, g->steps % gli_rnn_steps_at_once(g));
    gli_dnn_add_packed_matmul(dnn, RECURRENT, &h, &w_hh, &product, 0);
    if (g->reset_before) gli_dnn_add_packed_matmul(dnn, SECOND, &units, &w_n, &units, 0);
    if (g->projection) gli_dnn_add_packed_matmul(dnn, SECOND, &units, &w_hr, &h, 0);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_rnn_geom *g = call->geom;
    room r;
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    add_products(g, dnn);
    GLI_TRY(gli_dnn_end(dnn, out));
    out->workspace += lay_out(call, NULL, &r);
    if (call->out[GLI_RNN_RESERVE]) out->saved = (size_t)(g->directions * gli_rnn_trace_size(g, true)) * sizeof(float);
    return GLIA_OK;
}

/* One direction at work, and its step t. */
typedef struct pass {
    const gli_call *call;
    const gli_rnn_geom *g;
    const gli_dnn *dnn;
    room room;
    int direction, t;
    gli_rnn_cells cells;
    gli_rnn_trace trace;
    const float *w_n; /* the weights of SECOND */
} pass;

static gli_rnn_row row_of(const pass *p, int n) {
    const gli_rnn_geom *g = p->g;
    const int64_t unit = (int64_t)n * g->hidden, output = (int64_t)n * g->outputs;
    const float *recurrence = p->room.recurrence;
    gli_rnn_row row         = {.gate      = gli_rnn_gate_at(g, &p->trace, p->t) + g->gates * unit,
                               .recurrent = recurrence + (g->reset_before ? 2 : g->gates) * unit,
                               .reset     = recurrence + 2 * (int64_t)g->batch * g->hidden + unit,
                               .inner     = gli_rnn_inner_at(g, &p->trace, p->t) + unit,
                               .h         = gli_rnn_h_at(g, &p->trace, p->direction, p->t, false) + output,
                               .next_h    = gli_rnn_h_at(g, &p->trace, p->direction, p->t, true) + output};
    if (g->cell == GLIA_RNN_LSTM) {
        row.c      = gli_rnn_c_at(g, &p->trace, p->direction, p->t, false) + unit;
        row.next_c = gli_rnn_c_at(g, &p->trace, p->direction, p->t, true) + unit;
    }
    return row;
}

/* A sequence that has ended keeps its states and gives 0. */
static void skip(const pass *p, const gli_rnn_row *row, float *y) {
    const gli_rnn_geom *g = p->g;
    memcpy(row->next_h, row->h, (size_t)g->outputs * sizeof(float));
    memset(y, 0, (size_t)g->outputs * sizeof(float));
    if (row->next_c) memcpy(row->next_c, row->c, (size_t)g->hidden * sizeof(float));
    if (gli_rnn_has_inner(g)) memset(row->inner, 0, (size_t)g->hidden * sizeof(float));
}

static void end_row(const pass *p, const gli_rnn_row *row, int n) {
    const gli_rnn_geom *g = p->g;
    float *y =
        (float *)p->call->out[GLI_RNN_Y]->data + p->t * g->y_step + n * g->y_row + (int64_t)p->direction * g->outputs;
    if (gli_rnn_goes_on(p->call->in[GLI_RNN_LENGTHS], n, p->t))
        memcpy(y, row->next_h, (size_t)g->outputs * sizeof(float));
    else
        skip(p, row, y);
}

static void first_rows(void *arg, int64_t begin, int64_t end) {
    const pass *p = arg;
    for (int n = (int)begin; n < end; ++n) {
        const gli_rnn_row row = row_of(p, n);
        gli_rnn_row cell      = row;
        if (p->g->projection) cell.next_h = row.inner;
        gli_rnn_cell_row(&p->cells, &cell);
        if (!p->w_n) end_row(p, &row, n);
    }
}

static void second_rows(void *arg, int64_t begin, int64_t end) {
    const pass *p = arg;
    for (int n = (int)begin; n < end; ++n) {
        const gli_rnn_row row = row_of(p, n);
        if (p->g->reset_before) gli_rnn_new_gate(&p->cells, &row);
        end_row(p, &row, n);
    }
}

static glia_status run_step(pass *p) {
    const gli_rnn_geom *g = p->g;
    const int64_t grain   = gli_rnn_rows_of_a_piece(g);
    const float *h        = gli_rnn_h_at(g, &p->trace, p->direction, p->t, false);
    float *next           = gli_rnn_h_at(g, &p->trace, p->direction, p->t, true);
    const float *w_hh     = gli_in_floats(p->call, gli_rnn_weight(p->direction, GLI_RNN_W_HH));
    GLI_TRY(gli_dnn_multiply(p->call, p->dnn, RECURRENT, (gli_dnn_operands){h, w_hh, p->room.recurrence},
                             p->room.products));
    gli_parallel(p->call->ctx, g->batch, grain, first_rows, p);
    if (!p->w_n) return GLIA_OK;
    float *to                       = g->projection ? next : p->room.recurrence + 2 * (int64_t)g->batch * g->hidden;
    const gli_dnn_operands operands = {gli_rnn_inner_at(g, &p->trace, p->t), p->w_n, to};
    GLI_TRY(gli_dnn_multiply(p->call, p->dnn, SECOND, operands, p->room.products));
    gli_parallel(p->call->ctx, g->batch, grain, second_rows, p);
    return GLIA_OK;
}

static glia_status pack_weights(const pass *p) {
    const float *w_ih = gli_in_floats(p->call, gli_rnn_weight(p->direction, GLI_RNN_W_IH));
    const float *w_hh = gli_in_floats(p->call, gli_rnn_weight(p->direction, GLI_RNN_W_HH));
    const bool rest   = p->g->steps % gli_rnn_steps_at_once(p->g) != 0;
    GLI_TRY(gli_dnn_pack(p->call, p->dnn, INPUT, w_ih, p->room.products));
    GLI_TRY(gli_dnn_pack(p->call, p->dnn, RECURRENT, w_hh, p->room.products));
    if (rest) GLI_TRY(gli_dnn_pack(p->call, p->dnn, INPUT_REST, w_ih, p->room.products));
    if (p->w_n) GLI_TRY(gli_dnn_pack(p->call, p->dnn, SECOND, p->w_n, p->room.products));
    return GLIA_OK;
}

/* Some steps from the s-th on, in the direction's order: first what their inputs give, while the caches hold it. */
static glia_status run_steps(pass *p, const float *x, int s, int count) {
    const gli_rnn_geom *g = p->g;
    const float *w_ih     = gli_in_floats(p->call, gli_rnn_weight(p->direction, GLI_RNN_W_IH));
    const int number      = count == gli_rnn_steps_at_once(g) ? INPUT : INPUT_REST;
    const int a = gli_rnn_time(g, p->direction, s), b = gli_rnn_time(g, p->direction, s + count - 1);
    const int earliest = a < b ? a : b;
    if (!p->trace.kept) p->trace.first = earliest;
    const gli_dnn_operands operands = {x + (int64_t)earliest * g->batch * g->inputs, w_ih,
                                       gli_rnn_gate_at(g, &p->trace, earliest)};
    GLI_TRY(gli_dnn_multiply(p->call, p->dnn, number, operands, p->room.products));
    for (int i = 0; i < count; ++i) {
        p->t = gli_rnn_time(g, p->direction, s + i);
        GLI_TRY(run_step(p));
    }
    return GLIA_OK;
}

static glia_status run_direction(pass *p, const float *x) {
    const gli_rnn_geom *g = p->g;
    const int first = gli_rnn_time(g, p->direction, 0), last = gli_rnn_time(g, p->direction, g->steps - 1);
    const int64_t outputs = (int64_t)g->batch * g->outputs, units = (int64_t)g->batch * g->hidden;
    const bool lstm = g->cell == GLIA_RNN_LSTM;
    GLI_TRY(pack_weights(p));
    gli_rnn_copy_state(gli_rnn_h_at(g, &p->trace, p->direction, first, false), gli_in_floats(p->call, GLI_RNN_H0),
                       p->direction, outputs);
    if (lstm)
        gli_rnn_copy_state(gli_rnn_c_at(g, &p->trace, p->direction, first, false), gli_in_floats(p->call, GLI_RNN_C0),
                           p->direction, units);
    for (int s = 0, count = gli_rnn_steps_at_once(g); s < g->steps; s += count)
        GLI_TRY(run_steps(p, x, s, (int)gli_min_i64(count, g->steps - s)));
    float *h_n = gli_out_floats(p->call, GLI_RNN_H_N), *c_n = gli_out_floats(p->call, GLI_RNN_C_N);
    if (h_n)
        memcpy(h_n + p->direction * outputs, gli_rnn_h_at(g, &p->trace, p->direction, last, true),
               (size_t)outputs * sizeof(float));
    if (lstm && c_n)
        memcpy(c_n + p->direction * units, gli_rnn_c_at(g, &p->trace, p->direction, last, true),
               (size_t)units * sizeof(float));
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_rnn_geom *g = call->geom;
    const float *x        = call->in[GLI_RNN_X]->data;
    float *reserve        = gli_out_floats(call, GLI_RNN_RESERVE);
    pass p                = {.call = call, .g = g, .dnn = prepared->state};
    lay_out(call, workspace, &p.room);
    GLI_TRY(gli_rnn_check_lengths(call));
    if (gli_rnn_gathers(call)) gli_rnn_gather(call, p.room.x), x = p.room.x;
    for (int d = 0; d < g->directions; ++d) {
        float *memory       = reserve ? reserve + d * gli_rnn_trace_size(g, true) : p.room.trace;
        const float *bias[] = {gli_in_floats(call, gli_rnn_weight(d, GLI_RNN_B_IH)),
                               gli_in_floats(call, gli_rnn_weight(d, GLI_RNN_B_HH))};
        gli_rnn_fold_bias(g, bias[0], bias[1], p.room.bias);
        p.direction = d;
        p.cells     = (gli_rnn_cells){g, p.room.bias, gli_in_floats(call, gli_rnn_weight(d, GLI_RNN_PEEPHOLE))};
        p.trace     = gli_rnn_trace_in(g, reserve != NULL, memory);
        p.w_n       = gli_in_floats(call, gli_rnn_weight(d, GLI_RNN_W_HR));
        if (g->reset_before)
            p.w_n = gli_in_floats(call, gli_rnn_weight(d, GLI_RNN_W_HH)) + 2 * (int64_t)g->hidden * g->hidden;
        GLI_TRY(run_direction(&p, x));
    }
    return GLIA_OK;
}

GLI_DNN_PROVIDER(rnn, GLI_ACCEPTS_ROWS, gli_rnn_onednn_decline, prepare, run);
