/* The backward pass: step by step back in time the gradient with respect to the state before, from
 * those of the gates; at the end one product over all steps for each weight and for x. dX is the gradient with respect
 * to X. */
#include <string.h>

#include "core/parallel.h"
#include "cpu/native/column_sum.h"
#include "cpu/native/rnn/rnn_pass.h"

/* With reset_before w_hh is two weights: that of r and z, and that of n, which multiplies r h. */
enum { STATE, RESET, UNITS, DX, DX_ADDED, DW_IH, DW_HH, DW_SECOND };

static bool is_plain_gru(const gli_rnn_geom *g) { return g->cell == GLIA_RNN_GRU && !g->reset_before; }

static int64_t rows_of(const gli_rnn_geom *g) { return (int64_t)g->steps * g->batch; }

static size_t lay_out(const gli_call *call, char *memory, gli_rnn_workspace *out) {
    const gli_rnn_geom *g = call->geom;
    const int64_t rows = rows_of(g), gates = gli_rnn_gates(g), gathered = gli_rnn_gathers(call) ? rows * g->inputs : 0;
    gli_rnn_layout l = {memory};
    out->bias        = NULL;
    out->da          = gli_rnn_take(&l, rows * gates);
    out->dr          = is_plain_gru(g) ? gli_rnn_take(&l, rows * gates) : out->da;
    out->douts       = gli_rnn_take(&l, g->projection ? rows * g->outputs : 0);
    out->dunits      = gli_rnn_take(&l, (int64_t)g->batch * g->hidden);
    out->dh          = gli_rnn_take(&l, (int64_t)g->batch * g->outputs);
    out->dc          = gli_rnn_take(&l, (int64_t)g->batch * g->hidden);
    out->x           = gli_rnn_take(&l, gathered);
    out->dx          = gli_rnn_take(&l, gathered);
    out->sums        = gli_rnn_take(&l, (int64_t)(gli_column_sum_workspace(rows, gates) / sizeof(float)));
    return l.bytes;
}

/* y = d w, with weights in rows; d has `pitch` elements from row to row. */
static gli_rnn_product weighted(int64_t rows, int64_t columns, int64_t sum, int64_t pitch, bool adds) {
    return (gli_rnn_product){.rows    = rows,
                             .columns = columns,
                             .sum     = sum,
                             .a_pitch = pitch,
                             .y_pitch = columns,
                             .packs_b = true,
                             .adds    = adds};
}

/* dw [gates,inputs] = d^T input, over all rows. */
static gli_rnn_product gradient_of_weights(int64_t rows, int64_t gates, int64_t pitch, int64_t inputs) {
    return (gli_rnn_product){
        .rows = gates, .columns = inputs, .sum = rows, .a_pitch = pitch, .y_pitch = inputs, .a_transposed = true};
}

static void products(const gli_rnn_geom *g, gli_rnn_product *out) {
    const int64_t rows = rows_of(g), gates = gli_rnn_gates(g), recurrent = gli_rnn_recurrent_gates(g);
    const int64_t H = g->hidden, R = g->outputs, I = g->inputs, N = g->batch;
    out[STATE] = weighted(N, R, recurrent, gates, true);
    if (g->reset_before) out[RESET] = weighted(N, H, H, gates, false);
    if (g->projection) out[UNITS] = weighted(N, H, R, R, false);
    out[DX] = weighted(rows, I, gates, gates, false);
    if (g->directions == 2) out[DX_ADDED] = weighted(rows, I, gates, gates, true);
    out[DW_IH] = gradient_of_weights(rows, gates, gates, I);
    out[DW_HH] = gradient_of_weights(rows, recurrent, gates, R);
    if (g->reset_before) out[DW_SECOND] = gradient_of_weights(rows, H, gates, H);
    if (g->projection) out[DW_SECOND] = gradient_of_weights(rows, R, R, H);
}

/* ---- the steps --------------------------------------------------------------------------------------------------- */

static gli_rnn_backward_row row_of(const gli_rnn_pass *p, int n) {
    const gli_rnn_geom *g      = p->g;
    const gli_rnn_workspace *w = &p->workspace;
    const int64_t unit = (int64_t)n * g->hidden, output = (int64_t)n * g->outputs;
    const int64_t gates      = ((int64_t)p->t * g->batch + n) * gli_rnn_gates(g);
    gli_rnn_backward_row row = {.gate   = p->trace.gate + gates,
                                .inner  = gli_rnn_inner_at(g, &p->trace, p->t) + unit,
                                .h      = gli_rnn_h_at(g, &p->trace, p->direction, p->t, false) + output,
                                .dreset = w->dunits + unit,
                                .dh     = w->dh + output,
                                .dout   = g->projection ? w->dunits + unit : w->dh + output,
                                .dc     = w->dc + unit,
                                .da     = w->da + gates,
                                .dr     = w->dr + gates};
    if (g->cell == GLIA_RNN_LSTM) {
        row.c      = gli_rnn_c_at(g, &p->trace, p->direction, p->t, false) + unit;
        row.next_c = gli_rnn_c_at(g, &p->trace, p->direction, p->t, true) + unit;
    }
    return row;
}

/* dh becomes the gradient with respect to the step's output. */
static void add_dy(const gli_rnn_pass *p, int n) {
    const gli_rnn_geom *g = p->g;
    const float *dy       = gli_in_floats(p->call, GLI_RNN_BACK_DY);
    float *dh             = p->workspace.dh + (int64_t)n * g->outputs;
    if (!dy) return;
    dy += p->t * g->y_step + n * g->y_row + (int64_t)p->direction * g->outputs;
    for (int k = 0; k < g->outputs; ++k) dh[k] += dy[k];
}

/* Before the product with w_hr: stores the steps' dh, for the gradient of w_hr. */
static void output_rows(void *arg, int64_t begin, int64_t end) {
    const gli_rnn_pass *p = arg;
    const size_t output   = (size_t)p->g->outputs;
    for (int n = (int)begin; n < end; ++n) {
        float *douts = p->workspace.douts + ((int64_t)p->t * p->g->batch + n) * p->g->outputs;
        if (gli_rnn_pass_is_active(p, n)) {
            add_dy(p, n);
            memcpy(douts, p->workspace.dh + n * output, output * sizeof *douts);
        } else {
            memset(douts, 0, output * sizeof *douts);
        }
    }
}

static void cell_rows(void *arg, int64_t begin, int64_t end) {
    const gli_rnn_pass *p = arg;
    const size_t bytes    = (size_t)gli_rnn_gates(p->g) * sizeof(float);
    for (int n = (int)begin; n < end; ++n) {
        const gli_rnn_backward_row row = row_of(p, n);
        if (gli_rnn_pass_is_active(p, n)) {
            if (!p->g->projection) add_dy(p, n);
            gli_rnn_cell_backward(&p->cells, &row);
        } else {
            memset(row.da, 0, bytes);
            memset(row.dr, 0, bytes);
        }
    }
}

static void reset_rows(void *arg, int64_t begin, int64_t end) {
    const gli_rnn_pass *p = arg;
    for (int n = (int)begin; n < end; ++n) {
        const gli_rnn_backward_row row = row_of(p, n);
        if (gli_rnn_pass_is_active(p, n)) gli_rnn_reset_backward(&p->cells, &row);
    }
}

static glia_status run_step(gli_rnn_pass *p) {
    const gli_rnn_geom *g      = p->g;
    const glia_context *ctx    = p->call->ctx;
    const gli_rnn_workspace *w = &p->workspace;
    const int64_t chunk = gli_rnn_rows_per_chunk(g), step = (int64_t)p->t * g->batch * gli_rnn_gates(g);
    if (g->projection) {
        gli_parallel(ctx, g->batch, chunk, output_rows, p);
        GLI_TRY(gli_rnn_multiply(p, UNITS, w->dh, p->weight[GLI_RNN_W_HR], w->dunits));
    }
    gli_parallel(ctx, g->batch, chunk, cell_rows, p);
    if (g->reset_before) {
        GLI_TRY(gli_rnn_multiply(p, RESET, w->da + step + 2 * (int64_t)g->hidden, gli_rnn_w_hh_n(p), w->dunits));
        gli_parallel(ctx, g->batch, chunk, reset_rows, p);
    }
    return gli_rnn_multiply(p, STATE, w->dr + step, p->weight[GLI_RNN_W_HH], w->dh);
}

static void store_initial_state(const gli_rnn_pass *p, int output, const float *gradient, int64_t count) {
    float *to = gli_out_floats(p->call, output);
    if (to) memcpy(to + p->direction * count, gradient, (size_t)count * sizeof *to);
}

static glia_status run_steps(gli_rnn_pass *p) {
    const gli_rnn_geom *g      = p->g;
    const gli_rnn_workspace *w = &p->workspace;
    const int64_t outputs = (int64_t)g->batch * g->outputs, units = (int64_t)g->batch * g->hidden;
    const bool lstm = g->cell == GLIA_RNN_LSTM;
    GLI_TRY(gli_rnn_pack(p, STATE, p->weight[GLI_RNN_W_HH]));
    if (g->reset_before) GLI_TRY(gli_rnn_pack(p, RESET, gli_rnn_w_hh_n(p)));
    if (g->projection) GLI_TRY(gli_rnn_pack(p, UNITS, p->weight[GLI_RNN_W_HR]));
    gli_rnn_copy_state(w->dh, gli_in_floats(p->call, GLI_RNN_BACK_DH_N), p->direction, outputs);
    if (lstm) gli_rnn_copy_state(w->dc, gli_in_floats(p->call, GLI_RNN_BACK_DC_N), p->direction, units);
    for (int s = g->steps - 1; s >= 0; --s) {
        p->t = gli_rnn_time(g, p->direction, s);
        GLI_TRY(run_step(p));
    }
    store_initial_state(p, GLI_RNN_BACK_DH0, w->dh, outputs);
    if (lstm) store_initial_state(p, GLI_RNN_BACK_DC0, w->dc, units);
    return GLIA_OK;
}

/* ---- over all steps ---------------------------------------------------------------------------------------------- */

/* The gradient of weight k, NULL where it was not requested. */
static float *gradient(const gli_rnn_pass *p, int k) {
    return gli_out_floats(p->call, gli_rnn_dweight(p->direction, k));
}

/* Of w_hh and w_hr; the states before the steps are a matrix, forward as in reverse. */
static glia_status recurrent_weights(const gli_rnn_pass *p) {
    const gli_rnn_geom *g      = p->g;
    const gli_rnn_workspace *w = &p->workspace;
    const float *h             = gli_rnn_h_at(g, &p->trace, p->direction, 0, false);
    float *dw_hh = gradient(p, GLI_RNN_W_HH), *dw_hr = gradient(p, GLI_RNN_W_HR);
    if (dw_hh) GLI_TRY(gli_rnn_multiply(p, DW_HH, w->dr, h, dw_hh));
    if (dw_hh && g->reset_before)
        GLI_TRY(gli_rnn_multiply(p, DW_SECOND, w->da + 2 * (int64_t)g->hidden, p->trace.inner,
                                 dw_hh + 2 * (int64_t)g->hidden * g->hidden));
    if (dw_hr && g->projection) GLI_TRY(gli_rnn_multiply(p, DW_SECOND, w->douts, p->trace.inner, dw_hr));
    return GLIA_OK;
}

static void sum_bias(const gli_rnn_pass *p, const float *d, float *to) {
    const int64_t gates       = gli_rnn_gates(p->g);
    const gli_column_matrix m = {
        .data = d, .rows = rows_of(p->g), .columns = gates, .row_stride = gates, .column_stride = 1};
    gli_column_sum(p->call->ctx, &m, to, 1, p->workspace.sums);
}

static void sum_biases(const gli_rnn_pass *p) {
    const gli_rnn_workspace *w = &p->workspace;
    float *db_ih = gradient(p, GLI_RNN_B_IH), *db_hh = gradient(p, GLI_RNN_B_HH);
    if (!p->g->bias) return;
    if (db_ih) sum_bias(p, w->da, db_ih);
    if (db_hh && (!db_ih || w->dr != w->da))
        sum_bias(p, w->dr, db_hh);
    else if (db_hh)
        memcpy(db_hh, db_ih, (size_t)gli_rnn_gates(p->g) * sizeof *db_hh);
}

/* One row of dpeephole for some units, over all steps: da of a gate times the c that the gate has read. */
static void sum_peephole(const gli_rnn_pass *p, int gate, bool after, int64_t begin, int64_t end, float *to) {
    const gli_rnn_geom *g = p->g;
    for (int64_t k = begin; k < end; ++k) to[k] = 0;
    for (int t = 0; t < g->steps; ++t) {
        const float *c = gli_rnn_c_at(g, &p->trace, p->direction, t, after);
        for (int n = 0; n < g->batch; ++n) {
            const int64_t row = ((int64_t)t * g->batch + n) * gli_rnn_gates(g);
            const float *da   = p->workspace.da + row + (int64_t)gate * g->hidden;
            for (int64_t k = begin; k < end; ++k) to[k] += da[k] * c[(int64_t)n * g->hidden + k];
        }
    }
}

static void peephole_units(void *arg, int64_t begin, int64_t end) {
    const gli_rnn_pass *p = arg;
    float *dp             = gradient(p, GLI_RNN_PEEPHOLE);
    sum_peephole(p, 0, false, begin, end, dp);
    sum_peephole(p, 1, false, begin, end, dp + p->g->hidden);
    sum_peephole(p, 3, true, begin, end, dp + 2 * (int64_t)p->g->hidden);
}

static glia_status run_direction(gli_rnn_pass *p, const float *x) {
    enum { UNITS_PER_CHUNK = 64 };
    const gli_rnn_geom *g = p->g;
    float *saved          = p->call->in[GLI_RNN_BACK_SAVED]->data;
    float *dx             = gli_rnn_gathers(p->call) ? p->workspace.dx : gli_out_floats(p->call, GLI_RNN_BACK_DX);
    float *dw_ih          = gradient(p, GLI_RNN_W_IH);
    const int number      = p->direction == 0 ? DX : DX_ADDED;
    p->trace              = gli_rnn_trace_in(g, true, saved + p->direction * gli_rnn_trace_size(g, true));
    GLI_TRY(run_steps(p));
    if (gli_out_floats(p->call, GLI_RNN_BACK_DX)) {
        GLI_TRY(gli_rnn_pack(p, number, p->weight[GLI_RNN_W_IH]));
        GLI_TRY(gli_rnn_multiply(p, number, p->workspace.da, p->weight[GLI_RNN_W_IH], dx));
    }
    if (dw_ih) GLI_TRY(gli_rnn_multiply(p, DW_IH, p->workspace.da, x, dw_ih));
    GLI_TRY(recurrent_weights(p));
    sum_biases(p);
    if (g->peephole && gradient(p, GLI_RNN_PEEPHOLE))
        gli_parallel(p->call->ctx, g->hidden, UNITS_PER_CHUNK, peephole_units, p);
    return GLIA_OK;
}

static void scatter(const gli_rnn_pass *p) {
    float *dx = gli_out_floats(p->call, GLI_RNN_BACK_DX);
    if (dx && gli_rnn_gathers(p->call)) gli_rnn_scatter(p->call, p->workspace.dx, dx);
}

const gli_rnn_pass_kind gli_rnn_backward = {
    .products = products, .lay_out = lay_out, .direction = run_direction, .finish = scatter};
