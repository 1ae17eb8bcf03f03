/* Recurrent layers in one direction, step by step. */
#include <math.h>
#include <string.h>

#include "core/size.h"
#include "cpu/native/rnn/rnn_cells.h"
#include "cpu/native/rnn/rnn_step.h"
#include "glia/ops.h"
#include "predict/predictor.h"

typedef struct rnn_call {
    gli_rnn_geom geom;
    const gli_rnn_step_kernel *kernel; /* NULL: cells */
    int64_t units;                     /* of kernel */
    gli_gemv input, recurrent;
    gli_gemv second; /* the projection, or with reset_before w_hh_n (r h); no rows: neither */
    gli_rnn_cells cells;
    gli_rnn_row row; /* of states that the step replaces */
    float *sums, *reset;
    float *h, *c; /* c: of LSTM */
    bool keeps;   /* the states, from one run to the next */
    int steps;
    const float *x;
    float *y; /* NULL: h is the output */
} rnn_call;

static void run_step(const rnn_call *r, const float *x) {
    gli_gemv_run(&r->input, x, r->row.gate);
    gli_gemv_run(&r->recurrent, r->h, r->sums);
    if (r->kernel) {
        if (r->geom.cell == GLIA_RNN_LSTM)
            r->kernel->lstm(r->units, r->row.gate, r->sums, r->h, r->c);
        else
            r->kernel->gru(r->units, r->row.gate, r->sums, r->h);
        return;
    }
    gli_rnn_cell_forward(&r->cells, &r->row);
    if (!r->second.rows) return;
    gli_gemv_run(&r->second, r->row.inner, r->geom.reset_before ? r->reset : r->h);
    if (r->geom.reset_before) gli_rnn_new_gate_forward(&r->cells, &r->row);
}

static glia_status run_rnn(void *arg) {
    const rnn_call *r     = arg;
    const gli_rnn_geom *g = &r->geom;
    const size_t bytes    = (size_t)g->outputs * sizeof(float);
    if (!r->keeps) {
        memset(r->h, 0, bytes);
        if (r->c) memset(r->c, 0, (size_t)g->hidden * sizeof(float));
    }
    for (int t = 0; t < r->steps; ++t) {
        run_step(r, r->x + t * g->x_step);
        if (r->y) memcpy(r->y + t * g->y_step, r->h, bytes);
    }
    return GLIA_OK;
}

static const float *weight(const gli_predict_build *b, const gli_node *node, int k) {
    return gli_predict_data(b, node, gli_rnn_weight(0, k));
}

/* Whether a kernel has the cell; the other ones are rare. */
static bool has_kernel(const gli_rnn_geom *g) {
    if (g->cell == GLIA_RNN_GRU) return !g->reset_before;
    return g->cell == GLIA_RNN_LSTM && !g->peephole && !g->projection && isinf(g->cell_clip);
}

/* W [G H,columns] with zeros after the rows of each gate, up to r->units; and a bias likewise, or none. */
static glia_status pack_gates(gli_predict_build *b, const rnn_call *r, const float *w, const float *bias,
                              int64_t columns, gli_gemv *out) {
    const gli_rnn_geom *g = &r->geom;
    const int64_t H = g->hidden, rows = g->gates * r->units;
    void *weights, *biases;
    GLI_TRY(gli_arena_alloc(b->ctx, &b->arena, (size_t)(rows * columns), sizeof *w, &weights));
    GLI_TRY(gli_arena_alloc(b->ctx, &b->arena, (size_t)rows, sizeof *w, &biases));
    for (int64_t i = 0; i < g->gates; ++i) {
        memcpy((float *)weights + i * r->units * columns, w + i * H * columns, (size_t)(H * columns) * sizeof *w);
        if (bias) memcpy((float *)biases + i * r->units, bias + i * H, (size_t)H * sizeof *w);
    }
    return gli_predict_gemv(b, rows, columns, weights, biases, out);
}

static glia_status pack_for_kernel(gli_predict_build *b, const gli_node *node, rnn_call *r) {
    const gli_rnn_geom *g = &r->geom;
    const int64_t H = g->hidden, gates = g->gates * H;
    void *memory;
    GLI_TRY(gli_arena_alloc(b->ctx, &b->arena, (size_t)(2 * gates + H), sizeof(float), &memory));
    float *folded = memory, *inner = folded + gates + H; /* inner: what is added to w_hh h */
    gli_rnn_fold_bias(g, weight(b, node, GLI_RNN_B_IH), weight(b, node, GLI_RNN_B_HH), folded);
    if (g->cell == GLIA_RNN_GRU) memcpy(inner + 2 * H, folded + gates, (size_t)H * sizeof *inner);
    GLI_TRY(pack_gates(b, r, weight(b, node, GLI_RNN_W_IH), folded, g->inputs, &r->input));
    return pack_gates(b, r, weight(b, node, GLI_RNN_W_HH), inner, H, &r->recurrent);
}

static glia_status pack(gli_predict_build *b, const gli_node *node, rnn_call *r) {
    const gli_rnn_geom *g = &r->geom;
    const int64_t H = g->hidden, R = g->outputs, gates = g->gates * H;
    const float *w_hh = weight(b, node, GLI_RNN_W_HH);
    float *bias, *peephole;
    GLI_TRY(gli_predict_gemv(b, gates, g->inputs, weight(b, node, GLI_RNN_W_IH), NULL, &r->input));
    GLI_TRY(gli_predict_gemv(b, g->reset_before ? 2 * H : gates, R, w_hh, NULL, &r->recurrent));
    if (g->reset_before) GLI_TRY(gli_predict_gemv(b, H, H, w_hh + 2 * H * H, NULL, &r->second));
    if (g->projection) GLI_TRY(gli_predict_gemv(b, R, H, weight(b, node, GLI_RNN_W_HR), NULL, &r->second));
    GLI_TRY(gli_predict_floats(b, gates + H, &bias));
    gli_rnn_fold_bias(g, weight(b, node, GLI_RNN_B_IH), weight(b, node, GLI_RNN_B_HH), bias);
    r->cells = (gli_rnn_cells){.g = &r->geom, .bias = bias};
    if (!g->peephole) return GLIA_OK;
    GLI_TRY(gli_predict_floats(b, 3 * H, &peephole));
    memcpy(peephole, weight(b, node, GLI_RNN_PEEPHOLE), (size_t)(3 * H) * sizeof *peephole);
    r->cells.peephole = peephole;
    return GLIA_OK;
}

static glia_status make_memory(gli_predict_build *b, rnn_call *r) {
    const gli_rnn_geom *g = &r->geom;
    const int64_t H = r->units, gates = g->gates * H;
    float *gate, *inner;
    GLI_TRY(gli_predict_add_state(b, g->outputs, &r->h));
    if (g->cell == GLIA_RNN_LSTM) GLI_TRY(gli_predict_add_state(b, H, &r->c));
    GLI_TRY(gli_predict_floats(b, gates, &gate));
    GLI_TRY(gli_predict_floats(b, gates, &r->sums));
    GLI_TRY(gli_predict_floats(b, H, &r->reset));
    GLI_TRY(gli_predict_floats(b, H, &inner));
    r->row = (gli_rnn_row){.gate      = gate,
                           .recurrent = r->sums,
                           .reset     = r->reset,
                           .inner     = inner,
                           .h         = r->h,
                           .c         = r->c,
                           .next_h    = g->projection ? inner : r->h,
                           .next_c    = r->c};
    return GLIA_OK;
}

static bool takes(const gli_predict_build *b, const gli_node *node) {
    const gli_rnn_geom *g = node->geom;
    if (g->directions != 1 || g->reverse || node->in[GLI_RNN_LENGTHS] || node->in[GLI_RNN_H0] || node->in[GLI_RNN_C0] ||
        gli_predict_is_weight(b, node, GLI_RNN_X))
        return false;
    for (int k = 0; k < GLI_RNN_WEIGHTS; ++k)
        if (!gli_predict_is_weight(b, node, gli_rnn_weight(0, k))) return false;
    return g->batch == 1 && !(node->out[GLI_RNN_SAVED] && b->readers[node->out[GLI_RNN_SAVED]] > 0);
}

glia_status gli_predict_lower_rnn(gli_predict_build *b, const gli_node *node, int time, bool *done) {
    if (node->op != &gli_op_rnn) return GLIA_OK;
    if (!takes(b, node)) {
        GLI_REQUIRE(b->ctx, time < 0, GLIA_UNSUPPORTED,
                    "%s: the weights of rnn must be weights of the model for streaming", gli_predict_label(node));
        return GLIA_OK;
    }
    void *memory;
    GLI_TRY(gli_predict_new(b, sizeof(rnn_call), &memory));
    rnn_call *r = memory;
    r->geom     = *(const gli_rnn_geom *)node->geom;
    r->keeps    = time >= 0;
    r->steps    = time >= 0 ? 1 : r->geom.steps;
    r->x        = gli_predict_data(b, node, GLI_RNN_X);
    r->kernel   = has_kernel(&r->geom) ? gli_rnn_step_kernel_at(0) : NULL;
    r->units    = r->kernel ? gli_divide_up(r->geom.hidden, r->kernel->lanes) * r->kernel->lanes : r->geom.hidden;
    GLI_TRY(r->kernel ? pack_for_kernel(b, node, r) : pack(b, node, r));
    GLI_TRY(make_memory(b, r));
    void *const states[]    = {[GLI_RNN_H_N] = r->h, [GLI_RNN_C_N] = r->c};
    const int y             = node->out[GLI_RNN_Y];
    const glia_tensor shape = gli_predict_shape(b, y, time);
    if (time >= 0)
        gli_predict_alias(b, y, &shape, r->h, time);
    else {
        GLI_TRY(gli_predict_make(b, y, &shape, time));
        r->y = b->values[y].tensor.data;
    }
    for (int o = GLI_RNN_H_N; o <= GLI_RNN_C_N; ++o)
        if (node->out[o]) gli_predict_alias(b, node->out[o], &b->graph->values[node->out[o]].tensor, states[o], -1);
    *done = true;
    return gli_predict_add_call(b, &(gli_predict_call){.run = run_rnn, .arg = r});
}
