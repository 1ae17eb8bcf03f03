/* rnn_backward through oneDNN's products: step by step back in time what the gates' gradients give the state before,
 * and at the end one product over all steps for each weight and for x. */
#include <string.h>

#include "core/parallel.h"
#include "cpu/native/column_sum.h"
#include "cpu/native/rnn/rnn_cells.h"
#include "cpu/onednn/rnn_onednn.h"

/* With reset_before w_hh is two weights: that of r and z, and that of n, which multiplies r h. */
enum { STATE, RESET, UNITS, DX, DX_MORE, DW_IH, DW_HH, DW_SECOND };

/* Where things lie in the workspace; one direction runs after the other, in the same memory. dr is da but for the GRU
 * without reset_before. */
typedef struct room {
    float *da, *dr; /* [T,N,G,H]: by w_ih x, and by w_hh h */
    float *douts;   /* [T,N,R]: by the steps' outputs, with a projection */
    float *dunits;  /* [N,H]: by o tanh(c) with a projection, or by r h with reset_before */
    float *dh, *dc; /* [N,R], [N,H]: by the state between two steps */
    float *x, *dx;  /* [T,N,I]: where x and dx are not the like */
    float *sums;    /* for sums over columns */
    void *products;
} room;

static bool is_plain_gru(const gli_rnn_geom *g) { return g->cell == GLIA_RNN_GRU && !g->reset_before; }

static int64_t rows_of(const gli_rnn_geom *g) { return (int64_t)g->steps * g->batch; }
static int64_t gates_of(const gli_rnn_geom *g) { return (int64_t)g->gates * g->hidden; }

/* Columns of da that go through the product with w_hh at once. */
static int64_t at_once(const gli_rnn_geom *g) { return g->reset_before ? 2 * (int64_t)g->hidden : gates_of(g); }

static size_t lay_out(const gli_call *call, char *workspace, room *out) {
    const gli_rnn_geom *g = call->geom;
    const int64_t rows = rows_of(g), gates = gates_of(g), gathered = gli_rnn_gathers(call) ? rows * g->inputs : 0;
    gli_floats f  = {workspace};
    out->da       = gli_take_floats(&f, rows * gates);
    out->dr       = is_plain_gru(g) ? gli_take_floats(&f, rows * gates) : out->da;
    out->douts    = gli_take_floats(&f, g->projection ? rows * g->outputs : 0);
    out->dunits   = gli_take_floats(&f, (int64_t)g->batch * g->hidden);
    out->dh       = gli_take_floats(&f, (int64_t)g->batch * g->outputs);
    out->dc       = gli_take_floats(&f, (int64_t)g->batch * g->hidden);
    out->x        = gli_take_floats(&f, gathered);
    out->dx       = gli_take_floats(&f, gathered);
    out->sums     = gli_take_floats(&f, (int64_t)(gli_column_sum_workspace(rows, gates) / sizeof(float)));
    out->products = gli_take_floats(&f, 0);
    return f.bytes;
}

static void add_weight_product(gli_dnn *dnn, int number, int64_t rows, int64_t from, int64_t pitch, int64_t to) {
    const gli_dnn_view a = gli_dnn_transposed(gli_dnn_bound_later(rows, from, pitch, GLI_DNN_AS_IS));
    const gli_dnn_view b = gli_dnn_bound_later(rows, to, to, GLI_DNN_AS_IS);
    const gli_dnn_view y = gli_dnn_bound_later(from, to, to, GLI_DNN_AS_IS);
    gli_dnn_add_packed_matmul(dnn, number, &a, &b, &y, 0);
}

static void add_products(const gli_rnn_geom *g, gli_dnn *dnn) {
    const int64_t rows = rows_of(g), gates = gates_of(g), H = g->hidden, R = g->outputs, I = g->inputs, N = g->batch;
    const gli_dnn_layout best = gli_rnn_onednn_weights(g), as_is = GLI_DNN_AS_IS;
    const gli_dnn_view step = gli_dnn_bound_later(N, at_once(g), gates, as_is),
                       w_hh = gli_dnn_bound_later(at_once(g), R, R, best);
    const gli_dnn_view dh = gli_dnn_bound_later(N, R, R, as_is), dn = gli_dnn_bound_later(N, H, gates, as_is);
    const gli_dnn_view dunits = gli_dnn_bound_later(N, H, H, as_is), w_n = gli_dnn_bound_later(H, H, H, best);
    const gli_dnn_view w_hr = gli_dnn_bound_later(R, H, H, best), w_ih = gli_dnn_bound_later(gates, I, I, best);
    const gli_dnn_view da = gli_dnn_bound_later(rows, gates, gates, as_is), dx = gli_dnn_bound_later(rows, I, I, as_is);
    gli_dnn_add_packed_matmul(dnn, STATE, &step, &w_hh, &dh, 1);
    if (g->reset_before) gli_dnn_add_packed_matmul(dnn, RESET, &dn, &w_n, &dunits, 0);
    if (g->projection) gli_dnn_add_packed_matmul(dnn, UNITS, &dh, &w_hr, &dunits, 0);
    gli_dnn_add_packed_matmul(dnn, DX, &da, &w_ih, &dx, 0);
    if (g->directions == 2) gli_dnn_add_packed_matmul(dnn, DX_MORE, &da, &w_ih, &dx, 1);
    add_weight_product(dnn, DW_IH, rows, gates, gates, I);
    add_weight_product(dnn, DW_HH, rows, at_once(g), gates, R);
    if (g->reset_before) add_weight_product(dnn, DW_SECOND, rows, H, gates, H);
    if (g->projection) add_weight_product(dnn, DW_SECOND, rows, R, R, H);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    room r;
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    add_products(call->geom, dnn);
    GLI_TRY(gli_dnn_end(dnn, out));
    out->workspace += lay_out(call, NULL, &r);
    return GLIA_OK;
}

/* ---- the steps --------------------------------------------------------------------------------------------------- */

/* One direction at work, and its step t. */
typedef struct pass {
    const gli_call *call;
    const gli_rnn_geom *g;
    const gli_dnn *dnn;
    room room;
    int direction, t;
    gli_rnn_cells cells;
    gli_rnn_trace trace;
    const float *weight[GLI_RNN_WEIGHTS];
} pass;

static gli_rnn_back_row row_of(const pass *p, int n) {
    const gli_rnn_geom *g = p->g;
    const int64_t unit = (int64_t)n * g->hidden, output = (int64_t)n * g->outputs;
    const int64_t gates  = (int64_t)p->t * g->batch * gates_of(g) + n * gates_of(g);
    gli_rnn_back_row row = {.gate   = p->trace.gate + gates,
                            .inner  = gli_rnn_inner_at(g, &p->trace, p->t) + unit,
                            .h      = gli_rnn_h_at(g, &p->trace, p->direction, p->t, false) + output,
                            .dreset = p->room.dunits + unit,
                            .dh     = p->room.dh + output,
                            .dout   = g->projection ? p->room.dunits + unit : p->room.dh + output,
                            .dc     = p->room.dc + unit,
                            .da     = p->room.da + gates,
                            .dr     = p->room.dr + gates};
    if (g->cell == GLIA_RNN_LSTM) {
        row.c      = gli_rnn_c_at(g, &p->trace, p->direction, p->t, false) + unit;
        row.next_c = gli_rnn_c_at(g, &p->trace, p->direction, p->t, true) + unit;
    }
    return row;
}

static bool goes_on(const pass *p, int n) { return gli_rnn_goes_on(p->call->in[GLI_RNN_LENGTHS], n, p->t); }

/* dh becomes the gradient by the step's output. */
static void add_dy(const pass *p, int n) {
    const gli_rnn_geom *g = p->g;
    const float *dy       = gli_in_floats(p->call, GLI_RNN_BACK_DY);
    float *dh             = p->room.dh + (int64_t)n * g->outputs;
    if (!dy) return;
    dy += p->t * g->y_step + n * g->y_row + (int64_t)p->direction * g->outputs;
    for (int k = 0; k < g->outputs; ++k) dh[k] += dy[k];
}

/* Before the product with w_hr: keeps what comes in, for the gradient of w_hr. */
static void incoming_rows(void *arg, int64_t begin, int64_t end) {
    const pass *p       = arg;
    const size_t output = (size_t)p->g->outputs;
    for (int n = (int)begin; n < end; ++n) {
        float *douts = p->room.douts + ((int64_t)p->t * p->g->batch + n) * p->g->outputs;
        if (goes_on(p, n)) {
            add_dy(p, n);
            memcpy(douts, p->room.dh + n * output, output * sizeof *douts);
        } else {
            memset(douts, 0, output * sizeof *douts);
        }
    }
}

static void cell_rows(void *arg, int64_t begin, int64_t end) {
    const pass *p      = arg;
    const size_t bytes = (size_t)gates_of(p->g) * sizeof(float);
    for (int n = (int)begin; n < end; ++n) {
        const gli_rnn_back_row row = row_of(p, n);
        if (goes_on(p, n)) {
            if (!p->g->projection) add_dy(p, n);
            gli_rnn_undo_row(&p->cells, &row);
        } else {
            memset(row.da, 0, bytes);
            memset(row.dr, 0, bytes);
        }
    }
}

static void reset_rows(void *arg, int64_t begin, int64_t end) {
    const pass *p = arg;
    for (int n = (int)begin; n < end; ++n) {
        const gli_rnn_back_row row = row_of(p, n);
        if (goes_on(p, n)) gli_rnn_undo_reset(&p->cells, &row);
    }
}

static glia_status multiply(const pass *p, int number, const float *a, const float *b, float *y) {
    return gli_dnn_multiply(p->call, p->dnn, number, (gli_dnn_operands){a, b, y}, p->room.products);
}

static const float *w_n_of(const pass *p) { return p->weight[GLI_RNN_W_HH] + 2 * (int64_t)p->g->hidden * p->g->hidden; }

static glia_status run_step(pass *p) {
    const gli_rnn_geom *g   = p->g;
    const glia_context *ctx = p->call->ctx;
    const room *r           = &p->room;
    const int64_t grain = gli_rnn_rows_of_a_piece(g), at = (int64_t)p->t * g->batch * gates_of(g);
    if (g->projection) {
        gli_parallel(ctx, g->batch, grain, incoming_rows, p);
        GLI_TRY(multiply(p, UNITS, r->dh, p->weight[GLI_RNN_W_HR], r->dunits));
    }
    gli_parallel(ctx, g->batch, grain, cell_rows, p);
    if (g->reset_before) {
        GLI_TRY(multiply(p, RESET, r->da + at + 2 * (int64_t)g->hidden, w_n_of(p), r->dunits));
        gli_parallel(ctx, g->batch, grain, reset_rows, p);
    }
    return multiply(p, STATE, r->dr + at, p->weight[GLI_RNN_W_HH], r->dh);
}

static glia_status run_steps(pass *p) {
    const gli_rnn_geom *g = p->g;
    const int64_t outputs = (int64_t)g->batch * g->outputs, units = (int64_t)g->batch * g->hidden;
    const bool lstm = g->cell == GLIA_RNN_LSTM;
    GLI_TRY(gli_dnn_pack(p->call, p->dnn, STATE, p->weight[GLI_RNN_W_HH], p->room.products));
    if (g->reset_before) GLI_TRY(gli_dnn_pack(p->call, p->dnn, RESET, w_n_of(p), p->room.products));
    if (g->projection) GLI_TRY(gli_dnn_pack(p->call, p->dnn, UNITS, p->weight[GLI_RNN_W_HR], p->room.products));
    gli_rnn_copy_state(p->room.dh, gli_in_floats(p->call, GLI_RNN_BACK_DH_N), p->direction, outputs);
    if (lstm) gli_rnn_copy_state(p->room.dc, gli_in_floats(p->call, GLI_RNN_BACK_DC_N), p->direction, units);
    for (int s = g->steps - 1; s >= 0; --s) {
        p->t = gli_rnn_time(g, p->direction, s);
        GLI_TRY(run_step(p));
    }
    float *dh0 = gli_out_floats(p->call, GLI_RNN_BACK_DH0), *dc0 = gli_out_floats(p->call, GLI_RNN_BACK_DC0);
    if (dh0) memcpy(dh0 + p->direction * outputs, p->room.dh, (size_t)outputs * sizeof *dh0);
    if (dc0 && lstm) memcpy(dc0 + p->direction * units, p->room.dc, (size_t)units * sizeof *dc0);
    return GLIA_OK;
}

/* ---- over all steps ---------------------------------------------------------------------------------------------- */

static float *gradient(const pass *p, int k) { return gli_out_floats(p->call, gli_rnn_dweight(p->direction, k)); }

/* Of w_hh and w_hr; the states before the steps are a matrix, whichever way the direction goes. */
static glia_status weights_of_states(const pass *p) {
    const gli_rnn_geom *g = p->g;
    const room *r         = &p->room;
    const float *h        = gli_rnn_h_at(g, &p->trace, p->direction, 0, false);
    float *dw_hh = gradient(p, GLI_RNN_W_HH), *dw_hr = gradient(p, GLI_RNN_W_HR);
    if (dw_hh) GLI_TRY(multiply(p, DW_HH, r->dr, h, dw_hh));
    if (dw_hh && g->reset_before)
        GLI_TRY(multiply(p, DW_SECOND, r->da + 2 * (int64_t)g->hidden, p->trace.inner,
                         dw_hh + 2 * (int64_t)g->hidden * g->hidden));
    if (dw_hr && g->projection) GLI_TRY(multiply(p, DW_SECOND, r->douts, p->trace.inner, dw_hr));
    return GLIA_OK;
}

static void sum_bias(const pass *p, const float *d, float *to) {
    const gli_column_matrix m = {
        .data = d, .rows = rows_of(p->g), .columns = gates_of(p->g), .row_stride = gates_of(p->g), .column_stride = 1};
    gli_column_sum(p->call->ctx, &m, to, 1, p->room.sums);
}

static void sum_biases(const pass *p) {
    float *db_ih = gradient(p, GLI_RNN_B_IH), *db_hh = gradient(p, GLI_RNN_B_HH);
    if (!p->g->bias) return;
    if (db_ih) sum_bias(p, p->room.da, db_ih);
    if (db_hh && (!db_ih || p->room.dr != p->room.da))
        sum_bias(p, p->room.dr, db_hh);
    else if (db_hh)
        memcpy(db_hh, db_ih, (size_t)gates_of(p->g) * sizeof *db_hh);
}

/* One row of dpeephole for some units, over all steps: da of a gate times the c that the gate looked at. */
static void sum_peephole(const pass *p, int gate, bool after, int64_t begin, int64_t end, float *to) {
    const gli_rnn_geom *g = p->g;
    for (int64_t k = begin; k < end; ++k) to[k] = 0;
    for (int t = 0; t < g->steps; ++t) {
        const float *c = gli_rnn_c_at(g, &p->trace, p->direction, t, after);
        for (int n = 0; n < g->batch; ++n) {
            const float *da = p->room.da + ((int64_t)t * g->batch + n) * gates_of(g) + (int64_t)gate * g->hidden;
            for (int64_t k = begin; k < end; ++k) to[k] += da[k] * c[(int64_t)n * g->hidden + k];
        }
    }
}

static void peephole_units(void *arg, int64_t begin, int64_t end) {
    const pass *p = arg;
    float *dp     = gradient(p, GLI_RNN_PEEPHOLE);
    sum_peephole(p, 0, false, begin, end, dp);
    sum_peephole(p, 1, false, begin, end, dp + p->g->hidden);
    sum_peephole(p, 3, true, begin, end, dp + 2 * (int64_t)p->g->hidden);
}

static glia_status run_direction(pass *p, const float *x, float *dx) {
    enum { UNITS_OF_A_PIECE = 64 };
    const gli_rnn_geom *g = p->g;
    const int number      = p->direction == 0 ? DX : DX_MORE;
    float *dw_ih          = gradient(p, GLI_RNN_W_IH);
    GLI_TRY(run_steps(p));
    if (dx) GLI_TRY(gli_dnn_pack(p->call, p->dnn, number, p->weight[GLI_RNN_W_IH], p->room.products));
    if (dx) GLI_TRY(multiply(p, number, p->room.da, p->weight[GLI_RNN_W_IH], dx));
    if (dw_ih) GLI_TRY(multiply(p, DW_IH, p->room.da, x, dw_ih));
    GLI_TRY(weights_of_states(p));
    sum_biases(p);
    if (g->peephole && gradient(p, GLI_RNN_PEEPHOLE))
        gli_parallel(p->call->ctx, g->hidden, UNITS_OF_A_PIECE, peephole_units, p);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_rnn_geom *g = call->geom;
    const bool gathers    = gli_rnn_gathers(call);
    const float *x        = call->in[GLI_RNN_X]->data;
    float *reserve = call->in[GLI_RNN_BACK_RESERVE]->data, *dx = gli_out_floats(call, GLI_RNN_BACK_DX);
    pass p = {.call = call, .g = g, .dnn = prepared->state};
    lay_out(call, workspace, &p.room);
    GLI_TRY(gli_rnn_check_lengths(call));
    if (gathers) gli_rnn_gather(call, p.room.x), x = p.room.x;
    for (int d = 0; d < g->directions; ++d) {
        for (int k = 0; k < GLI_RNN_WEIGHTS; ++k) p.weight[k] = gli_in_floats(call, gli_rnn_weight(d, k));
        p.direction = d;
        p.cells     = (gli_rnn_cells){.g = g, .peephole = p.weight[GLI_RNN_PEEPHOLE]};
        p.trace     = gli_rnn_trace_in(g, true, reserve + d * gli_rnn_trace_size(g, true));
        GLI_TRY(run_direction(&p, x, dx && gathers ? p.room.dx : dx));
    }
    if (dx && gathers) gli_rnn_scatter(call, p.room.dx, dx);
    return GLIA_OK;
}

GLI_DNN_PROVIDER(rnn_backward, GLI_ACCEPTS_ROWS, gli_rnn_onednn_decline, prepare, run);
