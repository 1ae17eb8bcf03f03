/* Recurrent layers. ONNX has the steps first, gates in another order, and both biases in one. */
#include "glia/ops/rnn.h"

#include <math.h>
#include <string.h>

#include "onnx/onnx_export.h"
#include "ops/rnn/rnn_geom.h"

/* A cell, and which of Glia's gates stands at each place of ONNX's: i, o, f, c and z, r, h. */
typedef struct cell {
    const char *name;
    int gates, order[4];
} cell;

static const cell cells[] = {[GLIA_RNN_TANH] = {"RNN", 1, {0}},
                             [GLIA_RNN_RELU] = {"RNN", 1, {0}},
                             [GLIA_RNN_LSTM] = {"LSTM", 4, {0, 3, 1, 2}},
                             [GLIA_RNN_GRU]  = {"GRU", 3, {1, 0, 2}}};

typedef struct layer {
    gli_onnx_op_call *c;
    const glia_rnn_params *params;
    const cell *cell;
    int directions;
    int64_t hidden;
} layer;

static const char *input(const layer *l, int i) { return i < l->c->n_in ? l->c->in[i] : NULL; }

/* Blocks of rows in another order. */
static const char *ordered(const layer *l, const char *x, int blocks, const int *order) {
    gli_onnx_export *ex = l->c->ex;
    const char *block[4], *moved[4];
    int64_t sizes[4] = {0};
    if (blocks == 1) return x;
    for (int i = 0; i < blocks; ++i) sizes[i] = l->hidden;
    gli_onnx_add_all(ex, "Split", GLI_ONNX_NAMES(x, gli_onnx_hold_ints(ex, blocks, sizes)), blocks, block);
    gli_onnx_set_int(ex, "axis", 0);
    for (int i = 0; i < blocks; ++i) moved[i] = block[order[i]];
    return gli_onnx_write_concat(ex, blocks, moved, 0);
}

static const char *in_front(const layer *l, const char *x) {
    return gli_onnx_add(l->c->ex, "Unsqueeze", GLI_ONNX_NAMES(x, gli_onnx_hold_ints(l->c->ex, 1, (int64_t[]){0})));
}

/* Weight k of both directions, one after the other. */
static const char *weights(const layer *l, int k) {
    const char *of[2] = {NULL, NULL};
    for (int d = 0; d < l->directions; ++d)
        of[d] = in_front(l, ordered(l, input(l, gli_rnn_weight(d, k)), l->cell->gates, l->cell->order));
    return gli_onnx_write_concat(l->c->ex, l->directions, of, 0);
}

static const char *biases(const layer *l) {
    const char *of[2] = {NULL, NULL};
    if (!input(l, gli_rnn_weight(0, GLI_RNN_B_IH))) return NULL;
    for (int d = 0; d < l->directions; ++d) {
        const char *both[2];
        for (int k = 0; k < 2; ++k)
            both[k] = ordered(l, input(l, gli_rnn_weight(d, GLI_RNN_B_IH + k)), l->cell->gates, l->cell->order);
        of[d] = in_front(l, gli_onnx_write_concat(l->c->ex, 2, both, 0));
    }
    return gli_onnx_write_concat(l->c->ex, l->directions, of, 0);
}

/* Glia's rows are i, f, o, ONNX's i, o, f. */
static const char *peepholes(const layer *l) {
    gli_onnx_export *ex       = l->c->ex;
    const gli_onnx_shape rows = {.ndim = 2, .dim = {3, l->hidden}, .other = {3, l->hidden}};
    const gli_onnx_shape flat = {.ndim = 1, .dim = {3 * l->hidden}, .other = {3 * l->hidden}};
    const char *of[2]         = {NULL, NULL};
    if (!input(l, gli_rnn_weight(0, GLI_RNN_PEEPHOLE))) return NULL;
    for (int d = 0; d < l->directions; ++d) {
        const char *p = gli_onnx_write_reshape(ex, input(l, gli_rnn_weight(d, GLI_RNN_PEEPHOLE)), &rows, &flat);
        of[d]         = in_front(l, ordered(l, p, 3, (const int[]){0, 2, 1}));
    }
    return gli_onnx_write_concat(ex, l->directions, of, 0);
}

static const char *lengths(const layer *l) {
    const char *x = input(l, GLI_RNN_LENGTHS);
    if (!x || l->c->x[GLI_RNN_LENGTHS]->dtype == GLIA_I32) return x;
    return gli_onnx_write_cast(l->c->ex, x, ONNX__TENSOR_PROTO__DATA_TYPE__INT32);
}

static void set_attributes(const layer *l) {
    static const char *const directions[] = {"forward", "reverse", "bidirectional"};
    static const char *const relu[]       = {"Relu", "Relu"};
    gli_onnx_export *ex                   = l->c->ex;
    gli_onnx_set_int(ex, "hidden_size", l->hidden);
    gli_onnx_set_string(ex, "direction", directions[l->params->direction]);
    if (l->params->cell == GLIA_RNN_RELU) gli_onnx_set_strings(ex, "activations", l->directions, relu);
    if (l->params->cell == GLIA_RNN_GRU) gli_onnx_set_int(ex, "linear_before_reset", !l->params->reset_before);
}

/* y [T,D,N,H] as Glia has it, [N,T,D H] or [T,N,D H]. */
static const char *outputs(const layer *l, const char *y) {
    static const int64_t batch_first[] = {2, 0, 1, 3}, steps_first[] = {0, 2, 1, 3};
    gli_onnx_export *ex  = l->c->ex;
    gli_onnx_shape whole = l->c->y[0]->shape;
    whole.ndim           = 2;
    gli_onnx_add_dim(&whole, l->directions, l->directions);
    gli_onnx_add_dim(&whole, l->hidden, l->hidden);
    y = gli_onnx_write_transpose(ex, y, 4, l->params->batch_first ? batch_first : steps_first);
    return gli_onnx_write_reshape(ex, y, &whole, &l->c->y[0]->shape);
}

/* ONNX's LSTM has no projection, and clips what its functions get, not the cell. */
static bool is_operator(const layer *l) {
    return !input(l, gli_rnn_weight(0, GLI_RNN_W_HR)) &&
           (l->params->cell != GLIA_RNN_LSTM || !isfinite(l->params->cell_clip));
}

void gli_onnx_write_rnn(gli_onnx_op_call *c) {
    static const int64_t steps_first[] = {1, 0, 2};
    const glia_rnn_params *p           = c->params;
    const layer l                      = {.c          = c,
                                          .params     = p,
                                          .cell       = &cells[p->cell],
                                          .directions = p->direction == GLIA_RNN_BOTH ? 2 : 1,
                                          .hidden     = c->x[gli_rnn_weight(0, GLI_RNN_W_HH)]->shape.dim[1]};
    const bool lstm                    = p->cell == GLIA_RNN_LSTM;
    const char *out[3]                 = {NULL, NULL, NULL};
    if (!is_operator(&l)) {
        gli_onnx_write_lstm_steps(c);
        return;
    }
    const char *in =
        p->batch_first ? gli_onnx_write_transpose(c->ex, c->in[GLI_RNN_X], 3, steps_first) : c->in[GLI_RNN_X];
    const char *w = weights(&l, GLI_RNN_W_IH), *r = weights(&l, GLI_RNN_W_HH);
    gli_onnx_add_all(c->ex, l.cell->name,
                     GLI_ONNX_NAMES(in, w, r, biases(&l), lengths(&l), input(&l, GLI_RNN_H0),
                                    lstm ? input(&l, GLI_RNN_C0) : NULL, lstm ? peepholes(&l) : NULL),
                     lstm ? 3 : 2, out);
    set_attributes(&l);
    if (c->y[GLI_RNN_Y]->needed) c->out[GLI_RNN_Y] = outputs(&l, out[0]);
    for (int o = 1; o < c->node->n_out && o <= 1 + lstm; ++o) c->out[o] = out[o];
}
