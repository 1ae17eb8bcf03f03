/* The backward pass: step by step back in time the gradient with respect to the state before, from those of the gates;
 * after some steps, while their gates' gradients are in the caches, one product over them for each weight, added to its
 * gradient, and for x. dX is the gradient with respect to X. */
#include <string.h>

#include "core/op.h"
#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/column_sum.h"
#include "cpu/native/rnn/rnn_pass.h"

/* With reset_before w_hh is two weights: that of r and z, and that of n, which multiplies r h. */
enum { STATE, RESET, UNITS, DX, DX_ADDED, DW_IH, DW_HH, DW_SECOND };

enum { ROWS_AT_ONCE = 1024, PITCH_GAP = 16 };

static int64_t outputs_of(const gli_rnn_geom *g) { return (int64_t)g->batch * g->outputs; }
static int64_t units_of(const gli_rnn_geom *g) { return (int64_t)g->batch * g->hidden; }

static bool is_plain_gru(const gli_rnn_geom *g) { return g->cell == GLIA_RNN_GRU && !g->reset_before; }

/* Enough that few results are added, in floats, and that adding takes little of the time. */
static int steps_at_once(const gli_rnn_geom *g) {
    const int64_t all = (int64_t)g->steps * g->batch, rows = gli_max_i64(ROWS_AT_ONCE, all / GLI_LONGEST_CHAIN);
    return (int)gli_min_i64(g->steps, gli_max_i64(1, rows / g->batch));
}

/* From row to row of da and dr: rows that begin at multiples of 4 KB would share the sets of the first cache. */
static int64_t pitch_of(const gli_rnn_geom *g) { return gli_rnn_gates(g) + PITCH_GAP; }

static size_t lay_out(const gli_call *call, char *memory, gli_rnn_workspace *out) {
    const gli_rnn_geom *g = call->geom;
    const int64_t rows = (int64_t)steps_at_once(g) * g->batch, gates = gli_rnn_gates(g), pitch = pitch_of(g);
    const int64_t gathered = gli_rnn_gathers(call) ? (int64_t)g->steps * g->batch * g->inputs : 0;
    gli_rnn_layout l       = {memory};
    out->bias              = NULL;
    out->da                = gli_rnn_take(&l, rows * pitch);
    out->dr                = is_plain_gru(g) ? gli_rnn_take(&l, rows * pitch) : out->da;
    out->douts             = gli_rnn_take(&l, g->projection ? rows * g->outputs : 0);
    out->dunits            = gli_rnn_take(&l, (int64_t)g->batch * g->hidden);
    out->dh                = gli_rnn_take(&l, (int64_t)g->batch * g->outputs);
    out->dc                = gli_rnn_take(&l, (int64_t)g->batch * g->hidden);
    out->x                 = gli_rnn_take(&l, gathered);
    out->dx                = gli_rnn_take(&l, gathered);
    out->dbias             = gli_rnn_take(&l, gates);
    out->sums              = gli_rnn_take(&l, (int64_t)(gli_column_sum_workspace(rows, gates) / sizeof(float)));
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

/* dw [gates,inputs] += d^T input, over the rows of some steps. */
static gli_rnn_product gradient_of_weights(int64_t rows, int64_t gates, int64_t pitch, int64_t inputs) {
    return (gli_rnn_product){.rows         = gates,
                             .columns      = inputs,
                             .sum          = rows,
                             .a_pitch      = pitch,
                             .y_pitch      = inputs,
                             .a_transposed = true,
                             .adds         = true,
                             .sums_steps   = true};
}

static void products(const gli_rnn_geom *g, gli_rnn_product *out) {
    const int64_t gates = gli_rnn_gates(g), recurrent = gli_rnn_recurrent_gates(g), pitch = pitch_of(g);
    const int64_t H = g->hidden, R = g->outputs, I = g->inputs, N = g->batch;
    out[STATE] = weighted(N, R, recurrent, pitch, true);
    if (g->reset_before) out[RESET] = weighted(N, H, H, pitch, false);
    if (g->projection) out[UNITS] = weighted(N, H, R, R, false);
    out[DX] = weighted(N, I, gates, pitch, false);
    if (g->directions == 2) out[DX_ADDED] = weighted(N, I, gates, pitch, true);
    out[DW_IH] = gradient_of_weights(N, gates, pitch, I);
    out[DW_HH] = gradient_of_weights(N, recurrent, pitch, R);
    if (g->reset_before) out[DW_SECOND] = gradient_of_weights(N, H, pitch, H);
    if (g->projection) out[DW_SECOND] = gradient_of_weights(N, R, R, H);
}

static void multiply(const gli_rnn_pass *p, int number, int steps, const float *a, const float *b, float *y) {
    gli_rnn_multiply(p->call->ctx, &p->product[number], steps, a, b, y);
}

/* ---- the steps --------------------------------------------------------------------------------------------------- */

/* Of the sequence n in step t, among the steps that are made at a time. */
static int64_t row_at(const gli_rnn_pass *p, int t, int n) { return (int64_t)(t - p->first) * p->g->batch + n; }

static gli_rnn_backward_row row_of(const gli_rnn_pass *p, int n) {
    const gli_rnn_geom *g      = p->g;
    const gli_rnn_workspace *w = &p->workspace;
    const int64_t unit = (int64_t)n * g->hidden, output = (int64_t)n * g->outputs;
    const int64_t gates      = row_at(p, p->t, n) * pitch_of(g);
    gli_rnn_backward_row row = {.gate   = gli_rnn_gate_at(g, &p->trace, p->t) + g->gates * unit,
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
    for (int n = p->row + (int)begin; n < p->row + end; ++n) {
        float *douts = p->workspace.douts + row_at(p, p->t, n) * p->g->outputs;
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
    for (int n = p->row + (int)begin; n < p->row + end; ++n) {
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
    for (int n = p->row + (int)begin; n < p->row + end; ++n) {
        const gli_rnn_backward_row row = row_of(p, n);
        if (gli_rnn_pass_is_active(p, n)) gli_rnn_reset_backward(&p->cells, &row);
    }
}

static void run_step(gli_rnn_pass *p) {
    const gli_rnn_workspace *w = &p->workspace;
    const int64_t gates        = row_at(p, p->t, 0) * pitch_of(p->g);
    if (p->g->projection) {
        gli_rnn_pass_rows(p, output_rows);
        gli_rnn_pass_multiply(p, UNITS, w->dh, p->weight[GLI_RNN_W_HR], w->dunits);
    }
    gli_rnn_pass_rows(p, cell_rows);
    if (p->g->reset_before) {
        gli_rnn_pass_multiply(p, RESET, w->da + gates + 2 * (int64_t)p->g->hidden, gli_rnn_w_hh_n(p), w->dunits);
        gli_rnn_pass_rows(p, reset_rows);
    }
    gli_rnn_pass_multiply(p, STATE, w->dr + gates, p->weight[GLI_RNN_W_HH], w->dh);
}

static void steps_of(gli_rnn_pass *p) {
    for (int i = p->steps - 1; i >= 0; --i) {
        p->t = gli_rnn_pass_time(p, i);
        run_step(p);
    }
}

/* ---- over some steps --------------------------------------------------------------------------------------------- */

/* The gradient of weight k, and that of x, [T,N,I]; NULL where it was not requested. */
static float *gradient(const gli_rnn_pass *p, int k) {
    return gli_out_floats(p->call, gli_rnn_dweight(p->direction, k));
}

static float *dx_of(const gli_rnn_pass *p) {
    float *dx = gli_out_floats(p->call, GLI_RNN_BACK_DX);
    return dx && gli_rnn_gathers(p->call) ? p->workspace.dx : dx;
}

static int dx_number(const gli_rnn_pass *p) { return p->direction == 0 ? DX : DX_ADDED; }

/* Of w_hh and w_hr; the states before the steps are a matrix, forward as in reverse. */
static void add_recurrent_weights(const gli_rnn_pass *p) {
    const gli_rnn_geom *g      = p->g;
    const gli_rnn_workspace *w = &p->workspace;
    const float *h             = gli_rnn_h_at(g, &p->trace, p->direction, p->first, false);
    const float *inner         = gli_rnn_inner_at(g, &p->trace, p->first);
    float *dw_hh = gradient(p, GLI_RNN_W_HH), *dw_hr = gradient(p, GLI_RNN_W_HR);
    if (dw_hh) multiply(p, DW_HH, p->steps, w->dr, h, dw_hh);
    if (dw_hh && g->reset_before)
        multiply(p, DW_SECOND, p->steps, w->da + 2 * (int64_t)g->hidden, inner,
                 dw_hh + 2 * (int64_t)g->hidden * g->hidden);
    if (dw_hr && g->projection) multiply(p, DW_SECOND, p->steps, w->douts, inner, dw_hr);
}

static void add_bias(const gli_rnn_pass *p, const float *d, float *to) {
    const gli_rnn_geom *g      = p->g;
    const gli_rnn_workspace *w = &p->workspace;
    const gli_column_matrix m  = {.data          = d,
                                  .rows          = (int64_t)p->steps * g->batch,
                                  .columns       = gli_rnn_gates(g),
                                  .row_stride    = pitch_of(g),
                                  .column_stride = 1};
    gli_column_sum(p->call->ctx, &m, w->dbias, 1, w->sums);
    for (int64_t k = 0; k < m.columns; ++k) to[k] += w->dbias[k];
}

/* Where both are the same, end_direction copies one. */
static void add_biases(const gli_rnn_pass *p) {
    const gli_rnn_workspace *w = &p->workspace;
    float *db_ih = gradient(p, GLI_RNN_B_IH), *db_hh = gradient(p, GLI_RNN_B_HH);
    if (!p->g->bias) return;
    if (db_ih) add_bias(p, w->da, db_ih);
    if (db_hh && (!db_ih || w->dr != w->da)) add_bias(p, w->dr, db_hh);
}

/* One row of dpeephole for some units: da of a gate times the c that the gate has read. */
static void add_peephole(const gli_rnn_pass *p, int gate, bool after, int64_t begin, int64_t end, float *to) {
    const gli_rnn_geom *g = p->g;
    for (int t = p->first; t < p->first + p->steps; ++t) {
        const float *c = gli_rnn_c_at(g, &p->trace, p->direction, t, after);
        for (int n = 0; n < g->batch; ++n) {
            const float *da = p->workspace.da + row_at(p, t, n) * pitch_of(g) + (int64_t)gate * g->hidden;
            for (int64_t k = begin; k < end; ++k) to[k] += da[k] * c[(int64_t)n * g->hidden + k];
        }
    }
}

static void peephole_units(void *arg, int64_t begin, int64_t end) {
    const gli_rnn_pass *p = arg;
    float *dp             = gradient(p, GLI_RNN_PEEPHOLE);
    add_peephole(p, 0, false, begin, end, dp);
    add_peephole(p, 1, false, begin, end, dp + p->g->hidden);
    add_peephole(p, 3, true, begin, end, dp + 2 * (int64_t)p->g->hidden);
}

static void add_gradients(gli_rnn_pass *p, const float *x) {
    enum { UNITS_PER_CHUNK = 64 };
    const gli_rnn_geom *g = p->g;
    const int64_t inputs  = (int64_t)p->first * g->batch * g->inputs;
    const float *da       = p->workspace.da;
    float *dx = dx_of(p), *dw_ih = gradient(p, GLI_RNN_W_IH);
    if (dx) multiply(p, dx_number(p), p->steps, da, p->weight[GLI_RNN_W_IH], dx + inputs);
    if (dw_ih) multiply(p, DW_IH, p->steps, da, x + inputs, dw_ih);
    add_recurrent_weights(p);
    add_biases(p);
    if (g->peephole && gradient(p, GLI_RNN_PEEPHOLE))
        gli_parallel(p->call->ctx, g->hidden, UNITS_PER_CHUNK, peephole_units, p);
}

/* ---- a direction ------------------------------------------------------------------------------------------------- */

static void pack_weights(const gli_rnn_pass *p) {
    const glia_context *ctx = p->call->ctx;
    gli_rnn_pack(ctx, &p->product[STATE], p->weight[GLI_RNN_W_HH]);
    if (p->g->reset_before) gli_rnn_pack(ctx, &p->product[RESET], gli_rnn_w_hh_n(p));
    if (p->g->projection) gli_rnn_pack(ctx, &p->product[UNITS], p->weight[GLI_RNN_W_HR]);
    if (dx_of(p)) gli_rnn_pack(ctx, &p->product[dx_number(p)], p->weight[GLI_RNN_W_IH]);
}

/* The gradients of the weights, to which those of the steps are added. */
static void clear_gradients(const gli_rnn_pass *p) {
    for (int k = 0; k < GLI_RNN_WEIGHTS; ++k) {
        const glia_tensor *d = p->call->out[gli_rnn_dweight(p->direction, k)];
        if (d && gli_count(d) > 0) memset(d->data, 0, (size_t)gli_count(d) * sizeof(float));
    }
}

static void begin_direction(const gli_rnn_pass *p) {
    const gli_rnn_workspace *w = &p->workspace;
    pack_weights(p);
    clear_gradients(p);
    gli_rnn_copy_state(w->dh, gli_in_floats(p->call, GLI_RNN_BACK_DH_N), p->direction, outputs_of(p->g));
    if (p->g->cell == GLIA_RNN_LSTM)
        gli_rnn_copy_state(w->dc, gli_in_floats(p->call, GLI_RNN_BACK_DC_N), p->direction, units_of(p->g));
}

static void store_initial_state(const gli_rnn_pass *p, int output, const float *gradient, int64_t count) {
    float *to = gli_out_floats(p->call, output);
    if (to) memcpy(to + p->direction * count, gradient, (size_t)count * sizeof *to);
}

static void end_direction(const gli_rnn_pass *p) {
    const gli_rnn_workspace *w = &p->workspace;
    float *db_ih = gradient(p, GLI_RNN_B_IH), *db_hh = gradient(p, GLI_RNN_B_HH);
    store_initial_state(p, GLI_RNN_BACK_DH0, w->dh, outputs_of(p->g));
    if (p->g->cell == GLIA_RNN_LSTM) store_initial_state(p, GLI_RNN_BACK_DC0, w->dc, units_of(p->g));
    if (p->g->bias && db_ih && db_hh && w->dr == w->da)
        memcpy(db_hh, db_ih, (size_t)gli_rnn_gates(p->g) * sizeof *db_hh);
}

static void run_direction(gli_rnn_pass *p, const float *x) {
    const gli_rnn_geom *g = p->g;
    float *saved          = p->call->in[GLI_RNN_BACK_SAVED]->data;
    p->trace              = gli_rnn_trace_in(g, true, saved + p->direction * gli_rnn_trace_size(g, true));
    begin_direction(p);
    for (int end = g->steps; end > 0; end -= p->steps) {
        p->steps = (int)gli_min_i64(steps_at_once(g), end);
        p->first = gli_rnn_earliest(g, p->direction, end - p->steps, p->steps);
        gli_rnn_pass_steps(p, steps_of);
        add_gradients(p, x);
    }
    end_direction(p);
}

static void scatter(const gli_rnn_pass *p) {
    float *dx = gli_out_floats(p->call, GLI_RNN_BACK_DX);
    if (dx && gli_rnn_gathers(p->call)) gli_rnn_scatter(p->call, p->workspace.dx, dx);
}

const gli_rnn_pass_kind gli_rnn_backward = {
    .steps_at_once = steps_at_once,
    .products      = products,
    .lay_out       = lay_out,
    .direction     = run_direction,
    .finish        = scatter,
};
