/* Recurrent layers: a function for one step of each direction, and one for the sequence, or for a step of a stream. */
#include <math.h>
#include <string.h>

#include "c_file/c_file.h"
#include "core/print.h"
#include "glia/ops.h"
#include "ops/rnn/rnn_geom.h"

/* The gates of a step in the workspace: W_ih x and what is added to it; of GRU W_hh h apart from it, since the gate r
 * is a factor of a part of that; with a projection o tanh(c). */
static int64_t gates_of(const gli_rnn_geom *g) {
    const int64_t gates = (int64_t)g->gates * g->hidden;
    return g->cell == GLIA_RNN_GRU ? 2 * gates : g->projection ? gates + g->hidden : gates;
}

static int64_t states_of(const gli_rnn_geom *g) { return g->outputs + (g->cell == GLIA_RNN_LSTM ? g->hidden : 0); }

static const char *decline(const gli_c_file *f, const gli_c_layer *l) {
    if (gli_c_has(l, GLI_RNN_LENGTHS)) return "with lengths";
    if (gli_c_has(l, GLI_RNN_H0) || gli_c_has(l, GLI_RNN_C0)) return "with initial states";
    if (gli_c_needs(f, l, GLI_RNN_SAVED)) return "with its reserve";
    return ((const gli_rnn_geom *)l->geom)->batch == 1 ? NULL : "of several sequences";
}

static void plan(gli_c_file *f, gli_c_layer *l) {
    const gli_rnn_geom *g = l->geom;
    const bool plain      = g->cell == GLIA_RNN_TANH || g->cell == GLIA_RNN_RELU;
    gli_c_use(f, g->cell == GLIA_RNN_RELU ? GLIA_UNARY_RELU : GLIA_UNARY_TANH);
    f->gates = f->gates || !plain;
    if (isfinite(g->cell_clip)) gli_c_use(f, GLIA_UNARY_CLIP);
    l->workspace = gates_of(g);
    if (l->time < 0) {
        l->workspace += states_of(g);
        return;
    }
    gli_c_add_field(l, "h", g->outputs, false);
    if (g->cell == GLIA_RNN_LSTM) gli_c_add_field(l, "c", g->hidden, false);
}

/* ---- Weights ---- */

static const char *suffix_of(const gli_rnn_geom *g, int direction) {
    return gli_rnn_runs_backwards(g, direction) && g->directions > 1 ? "_reverse" : "";
}

static glia_status put_matrix(gli_c_file *f, const gli_c_layer *l, int direction, int k, const char *suffix,
                              int64_t rows, int64_t columns, int64_t first) {
    char name[64];
    const float *w;
    float *packed;
    GLI_TRY(gli_c_read(f, l->node, gli_rnn_weight(direction, k), &w));
    GLI_TRY(gli_c_floats(f, rows * columns, &packed));
    gli_c_transpose(w + first * columns, rows, columns, packed);
    gli_format(name, sizeof name, "%s%s", suffix, suffix_of(l->geom, direction));
    gli_c_put_array(f, l->name, name, 2, (int64_t[]){columns, rows}, packed);
    return GLIA_OK;
}

/* Of GRU what is added to W_hh h stays apart. */
static glia_status put_biases(gli_c_file *f, const gli_c_layer *l, int direction) {
    const gli_rnn_geom *g = l->geom;
    const int64_t rows    = (int64_t)g->gates * g->hidden;
    const float *ih, *hh;
    float *sum;
    char name[64];
    if (!g->bias) return GLIA_OK;
    GLI_TRY(gli_c_read(f, l->node, gli_rnn_weight(direction, GLI_RNN_B_IH), &ih));
    GLI_TRY(gli_c_read(f, l->node, gli_rnn_weight(direction, GLI_RNN_B_HH), &hh));
    if (g->cell == GLIA_RNN_GRU) {
        gli_format(name, sizeof name, "bias_ih%s", suffix_of(g, direction));
        gli_c_put_array(f, l->name, name, 1, &rows, ih);
        gli_format(name, sizeof name, "bias_hh%s", suffix_of(g, direction));
        gli_c_put_array(f, l->name, name, 1, &rows, hh);
        return GLIA_OK;
    }
    GLI_TRY(gli_c_floats(f, rows, &sum));
    for (int64_t i = 0; i < rows; ++i) sum[i] = ih[i] + hh[i];
    gli_format(name, sizeof name, "bias%s", suffix_of(g, direction));
    gli_c_put_array(f, l->name, name, 1, &rows, sum);
    return GLIA_OK;
}

static glia_status put_direction(gli_c_file *f, const gli_c_layer *l, int d) {
    const gli_rnn_geom *g = l->geom;
    const int64_t H = g->hidden, rows = g->gates * H, first = g->reset_before ? 2 * H : rows;
    GLI_TRY(put_matrix(f, l, d, GLI_RNN_W_IH, "weight_ih", rows, g->inputs, 0));
    GLI_TRY(put_matrix(f, l, d, GLI_RNN_W_HH, "weight_hh", first, g->outputs, 0));
    if (g->reset_before) GLI_TRY(put_matrix(f, l, d, GLI_RNN_W_HH, "weight_hn", H, g->outputs, first));
    GLI_TRY(put_biases(f, l, d));
    if (g->projection) GLI_TRY(put_matrix(f, l, d, GLI_RNN_W_HR, "weight_hr", g->outputs, H, 0));
    if (g->peephole) {
        const float *peephole;
        char name[32];
        GLI_TRY(gli_c_read(f, l->node, gli_rnn_weight(d, GLI_RNN_PEEPHOLE), &peephole));
        gli_format(name, sizeof name, "peephole%s", suffix_of(g, d));
        gli_c_put_array(f, l->name, name, 2, (int64_t[]){3, H}, peephole);
    }
    return GLIA_OK;
}

static glia_status weights(gli_c_file *f, const gli_c_layer *l) {
    const gli_rnn_geom *g = l->geom;
    for (int d = 0; d < g->directions; ++d) GLI_TRY(put_direction(f, l, d));
    return GLIA_OK;
}

/* ---- One step ---- */

/* What the name of a direction's function begins with. */
static const char *verb_of(const gli_rnn_geom *g, int direction) {
    return *suffix_of(g, direction) ? "reverse" : "step";
}

/* One direction's step while it is written. */
typedef struct cell {
    gli_c_file *f;
    const gli_c_layer *l;
    const gli_rnn_geom *g;
    const char *suffix;
} cell;

/* y = the bias, or 0. */
static void put_start(const cell *c, const char *y, const char *bias, int64_t rows) {
    if (c->g->bias)
        gli_c_put(c->f, "    memcpy(%s, %s_%s%s, %lld * sizeof *%s);\n", y, c->l->name, bias, c->suffix,
                  (long long)rows, y);
    else
        gli_c_put(c->f, "    memset(%s, 0, %lld * sizeof *%s);\n", y, (long long)rows, y);
}

/* y += a weight x. */
static void put_product(const cell *c, const char *y, const char *x, const char *weight, int64_t inputs,
                        int64_t outputs) {
    char w[GLI_NAME_SIZE + 32];
    gli_format(w, sizeof w, "%s_%s%s", c->l->name, weight, c->suffix);
    gli_c_put_product(c->f, 1, y, x, w, inputs, outputs);
}

static void put_plain_cell(const cell *c) {
    const int H = c->g->hidden;
    put_start(c, "gate", "bias", H);
    put_product(c, "gate", "x", "weight_ih", c->g->inputs, H);
    put_product(c, "gate", "h", "weight_hh", H, H);
    gli_c_put_loop(c->f, 1, "k", H, "");
    gli_c_put(c->f, " h[k] = %s(gate[k]);\n", c->g->cell == GLIA_RNN_RELU ? "relu" : "fast_tanh");
}

/* " + NAME_peephole[row][k] * c[k]". */
static void put_peephole(const cell *c, int row) {
    if (c->g->peephole) gli_c_put(c->f, " + %s_peephole%s[%d][k] * c[k]", c->l->name, c->suffix, row);
}

static void put_lstm_cell(const cell *c) {
    const gli_rnn_geom *g = c->g;
    const int H           = g->hidden;
    put_start(c, "gate", "bias", 4 * (int64_t)H);
    put_product(c, "gate", "x", "weight_ih", g->inputs, 4 * (int64_t)H);
    put_product(c, "gate", "h", "weight_hh", g->outputs, 4 * (int64_t)H);
    gli_c_put_loop(c->f, 1, "k", H, " {\n");
    gli_c_put(c->f, "        const float in = gate_of(gate[k]");
    put_peephole(c, 0);
    gli_c_put(c->f, ");\n        const float forget = gate_of(gate[%d + k]", H);
    put_peephole(c, 1);
    gli_c_put(c->f, ");\n        const float candidate = fast_tanh(gate[%d + k]);\n        c[k] = ", 2 * H);
    if (isfinite(g->cell_clip))
        gli_c_put(c->f, "clip(forget * c[k] + in * candidate, %s, %s);\n", GLI_C_FLOAT(-g->cell_clip),
                  GLI_C_FLOAT(g->cell_clip));
    else
        gli_c_put(c->f, "forget * c[k] + in * candidate;\n");
    gli_c_put(c->f, "        const float out = gate_of(gate[%d + k]", 3 * H);
    put_peephole(c, 2);
    gli_c_put(c->f, ");\n        %s[k] = out * fast_tanh(c[k]);\n    }\n", g->projection ? "inner" : "h");
    if (!g->projection) return;
    gli_c_put(c->f, "    memset(h, 0, %d * sizeof *h);\n", g->outputs);
    put_product(c, "h", "inner", "weight_hr", H, g->outputs);
}

static void put_gru_cell(const cell *c) {
    const gli_rnn_geom *g = c->g;
    const int H           = g->hidden;
    put_start(c, "gate", "bias_ih", 3 * (int64_t)H);
    put_start(c, "inner", "bias_hh", 3 * (int64_t)H);
    put_product(c, "gate", "x", "weight_ih", g->inputs, 3 * (int64_t)H);
    put_product(c, "inner", "h", "weight_hh", H, (g->reset_before ? 2 : 3) * (int64_t)H);
    gli_c_put_loop(c->f, 1, "k", H, " {\n");
    gli_c_put(c->f, "        const float reset = gate_of(gate[k] + inner[k]);\n");
    if (g->reset_before) { /* r h, then its product is added to the candidate's part */
        gli_c_put(c->f, "        gate[k] = reset * h[k];\n    }\n");
        gli_c_put(c->f, "    float *candidates = inner + %d;\n", 2 * H);
        put_product(c, "candidates", "gate", "weight_hn", H, H);
        gli_c_put_loop(c->f, 1, "k", H, " {\n");
        gli_c_put(c->f, "        const float candidate = fast_tanh(gate[%d + k] + candidates[k]);\n", 2 * H);
    } else {
        gli_c_put(c->f, "        const float candidate = fast_tanh(gate[%d + k] + reset * inner[%d + k]);\n", 2 * H,
                  2 * H);
    }
    gli_c_put(c->f, "        const float update = gate_of(gate[%d + k] + inner[%d + k]);\n", H, H);
    gli_c_put(c->f, "        h[k] = (1 - update) * candidate + update * h[k];\n    }\n");
}

static const char *const formulas[] = {
    [GLIA_RNN_TANH] = "h = tanh(W_ih x + W_hh h + b)",
    [GLIA_RNN_RELU] = "h = relu(W_ih x + W_hh h + b)",
    [GLIA_RNN_LSTM] = "the gates i, f, g, o are W_ih x + W_hh h + b; c = f c + i g, h = o tanh(c)",
    [GLIA_RNN_GRU]  = "the gates are r, z, n; h = (1 - z) n + z h",
};

static void put_step(gli_c_file *f, const gli_c_layer *l) {
    const gli_rnn_geom *g = l->geom;
    const bool lstm       = g->cell == GLIA_RNN_LSTM;
    for (int d = 0; d < g->directions; ++d) {
        const cell c = {f, l, g, suffix_of(g, d)};
        gli_c_put(f, "/* One step: %s. */\n", formulas[g->cell]);
        gli_c_put(f, "static void %s_%s(const float *restrict x, float *restrict h, %sfloat *restrict gate) {\n",
                  verb_of(g, d), l->name, lstm ? "float *restrict c, " : "");
        if (g->cell == GLIA_RNN_GRU || g->projection)
            gli_c_put(f, "    float *inner = gate + %d;\n", g->gates * g->hidden);
        if (lstm)
            put_lstm_cell(&c);
        else if (g->cell == GLIA_RNN_GRU)
            put_gru_cell(&c);
        else
            put_plain_cell(&c);
        gli_c_put(f, "}\n\n");
    }
}

/* ---- The layer ---- */

static void put_stream(gli_c_file *f, const gli_c_layer *l) {
    const gli_rnn_geom *g = l->geom;
    const bool lstm       = g->cell == GLIA_RNN_LSTM;
    gli_c_put(f, "    %s_%s(x, state->%s_h, ", verb_of(g, 0), l->name, l->name);
    if (lstm) gli_c_put(f, "state->%s_c, ", l->name);
    gli_c_put(f, "work);\n");
    for (int o = GLI_RNN_Y; o <= GLI_RNN_H_N; ++o)
        if (gli_c_needs(f, l, o))
            gli_c_put(f, "    memcpy(%s, state->%s_h, sizeof state->%s_h);\n", l->node->op->outputs[o].name, l->name,
                      l->name);
    if (lstm && gli_c_needs(f, l, GLI_RNN_C_N))
        gli_c_put(f, "    memcpy(c_n, state->%s_c, sizeof state->%s_c);\n", l->name, l->name);
}

/* y[t,d,r] at t y_step + d outputs + r; h_n [d,r]. */
static void put_sequence(gli_c_file *f, const gli_c_layer *l) {
    const gli_rnn_geom *g = l->geom;
    const bool lstm       = g->cell == GLIA_RNN_LSTM;
    gli_c_put(f, "    float *h = work, *gate = work + %lld;\n", (long long)states_of(g));
    if (lstm) gli_c_put(f, "    float *c = work + %d;\n", g->outputs);
    for (int d = 0; d < g->directions; ++d) {
        const bool backwards = gli_rnn_runs_backwards(g, d);
        gli_c_put(f, "    memset(work, 0, %lld * sizeof *work);\n", (long long)states_of(g));
        if (backwards)
            gli_c_put(f, "    for (int t = %d; t >= 0; --t) {\n", g->steps - 1);
        else
            gli_c_put_loop(f, 1, "t", g->steps, " {\n");
        gli_c_put(f, "        %s_%s(x + t * %lld, h, %sgate);\n", verb_of(g, d), l->name, (long long)g->x_step,
                  lstm ? "c, " : "");
        if (gli_c_needs(f, l, GLI_RNN_Y)) {
            gli_c_put(f, "        memcpy(y + t * %lld", (long long)g->y_step);
            if (d) gli_c_put(f, " + %d", g->outputs);
            gli_c_put(f, ", h, %d * sizeof *h);\n", g->outputs);
        }
        gli_c_put(f, "    }\n");
        if (gli_c_needs(f, l, GLI_RNN_H_N))
            gli_c_put(f, "    memcpy(h_n + %d, h, %d * sizeof *h);\n", d * g->outputs, g->outputs);
        if (lstm && gli_c_needs(f, l, GLI_RNN_C_N))
            gli_c_put(f, "    memcpy(c_n + %d, c, %d * sizeof *c);\n", d * g->hidden, g->hidden);
    }
}

static void body(gli_c_file *f, const gli_c_layer *l) {
    if (l->time >= 0)
        put_stream(f, l);
    else
        put_sequence(f, l);
}

const gli_c_op gli_c_rnn = {.op      = &gli_op_rnn,
                            .data    = 1u << GLI_RNN_X,
                            .decline = decline,
                            .plan    = plan,
                            .weights = weights,
                            .before  = put_step,
                            .body    = body};
