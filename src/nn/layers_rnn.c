/* Recurrent layers: stacks of calls of op rnn, with dropout between them. */
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "glia/ops/movement.h"
#include "graph/graph_impl.h"
#include "nn/emission.h"
#include "nn/layer.h"
#include "ops/rnn/rnn_geom.h"

/* The args of all three. */
typedef struct recurrent_args {
    GLIA_RECURRENT_ARGS;
    bool relu, peephole, reset_before;
    int projection;
    double cell_clip; /* 0: never */
} recurrent_args;

/* What all layers of one stack share. */
typedef struct stack {
    glia_model *model;
    const recurrent_args *args;
    glia_rnn_params params;
    int layers, directions, gates;
    int64_t outputs; /* of one direction */
} stack;

static bool check(const stack *s, const glia_tensor *x) {
    const recurrent_args *a = s->args;
    glia_model *model       = s->model;
    if (x->ndim != 3)
        gli_model_fail(model, GLIA_SHAPE_MISMATCH, "x is %s, must be [T,I]: steps of inputs",
                       gli_shape_text(x->ndim - 1, x->dim + 1, (char[GLI_SHAPE_TEXT]){0}));
    else if (a->units <= 0)
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "units is %d, must be positive", a->units);
    else if (a->layers < 0 || a->layers > 64)
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "layers is %d, must be 1 to 64", a->layers);
    else if ((unsigned)a->direction > GLIA_RNN_BOTH)
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "invalid direction %d", (int)a->direction);
    else if (!(a->dropout >= 0 && a->dropout < 1))
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "dropout is %g, must be from 0 to below 1", a->dropout);
    else if (a->dropout > 0 && s->layers == 1)
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "dropout is %g, but it lies between layers, and there is one",
                       a->dropout);
    else if (a->stateful_batch < 0)
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "stateful_batch is %d, must be a number of samples",
                       a->stateful_batch);
    else if (a->stateful_batch && model->stateful_batch && a->stateful_batch != model->stateful_batch)
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "stateful_batch is %d, of %s it is %d: batches have one size",
                       a->stateful_batch, model->layers[model->stateful_layer].label, model->stateful_batch);
    else if (a->projection < 0)
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "projection is %d, must not be negative", a->projection);
    else
        return true;
    return false;
}

static glia_value weight(const stack *s, const char *what, int layer, int direction, int ndim, int64_t rows,
                         int64_t columns, glia_init init) {
    char name[32];
    const bool reverse = direction == 1 || s->args->direction == GLIA_RNN_REVERSE;
    const double bound = 1 / sqrt(s->args->units);
    snprintf(name, sizeof name, "%s_l%d%s", what, layer, reverse ? "_reverse" : "");
    return gli_layer_weight(s->model,
                            &(gli_weight_spec){.suffix   = name,
                                               .ndim     = ndim,
                                               .dim      = {rows, columns},
                                               .init     = init,
                                               .fallback = {.kind = GLIA_INIT_UNIFORM, .a = -bound, .b = bound},
                                               .fan_in   = columns,
                                               .fan_out  = rows});
}

static void add_weights(const stack *s, int layer, int64_t inputs, glia_value *in) {
    const recurrent_args *a = s->args;
    const int64_t hidden = a->units, rows = s->gates * hidden;
    for (int d = 0; d < s->directions; ++d) {
        in[gli_rnn_weight(d, GLI_RNN_W_IH)] = weight(s, "weight_ih", layer, d, 2, rows, inputs, a->weight_init);
        in[gli_rnn_weight(d, GLI_RNN_W_HH)] = weight(s, "weight_hh", layer, d, 2, rows, s->outputs, a->recurrent_init);
        if (!a->no_bias) {
            in[gli_rnn_weight(d, GLI_RNN_B_IH)] = weight(s, "bias_ih", layer, d, 1, rows, 0, a->bias_init);
            in[gli_rnn_weight(d, GLI_RNN_B_HH)] = weight(s, "bias_hh", layer, d, 1, rows, 0, a->bias_init);
        }
        if (a->projection)
            in[gli_rnn_weight(d, GLI_RNN_W_HR)] =
                weight(s, "weight_hr", layer, d, 2, s->outputs, hidden, a->recurrent_init);
        if (a->peephole)
            in[gli_rnn_weight(d, GLI_RNN_PEEPHOLE)] = weight(s, "peephole", layer, d, 2, 3, hidden, a->recurrent_init);
    }
}

/* The states after the call are those before the next one. */
static void emit_stateful(gli_emission *e, const gli_model_node *node, const glia_value *in, glia_value *out) {
    if (e->stateless) {
        glia_value given[GLI_RNN_INPUTS];
        memcpy(given, in, sizeof given);
        given[GLI_RNN_H0] = given[GLI_RNN_C0] = (glia_value){0};
        gli_graph_call(e->graph, &gli_op_rnn, node->params, given, node->n_in, out, node->n_out);
        return;
    }
    gli_graph_call(e->graph, &gli_op_rnn, node->params, in, node->n_in, out, node->n_out);
    glia_graph_assign(e->graph, in[GLI_RNN_H0], out[GLI_RNN_H_N]);
    if (in[GLI_RNN_C0].id) glia_graph_assign(e->graph, in[GLI_RNN_C0], out[GLI_RNN_C_N]);
}

/* Whether input i is a state as output o leaves it, but for the batch, which is the nominal one there. */
static bool is_state(const glia_model *model, const gli_model_node *node, int i, int o) {
    const gli_weight *weight = gli_node_weight(model, node, i), *h = gli_node_weight(model, node, GLI_RNN_H0);
    const glia_tensor *left = &model->values[node->out[o]].shape;
    return weight && h && weight->state && weight->ndim == 3 && left->ndim == 3 && weight->dim[0] == left->dim[0] &&
           weight->dim[1] == h->dim[1] && weight->dim[2] == left->dim[2];
}

static bool accept_stateful(glia_model *model, const gli_model_node *node) {
    const glia_rnn_params *params = node->params;
    if (node->n_in != GLI_RNN_INPUTS || node->n_out != GLI_RNN_C_N + 1 || !params->batch_first) return false;
    const bool lstm = params->cell == GLIA_RNN_LSTM;
    if (!is_state(model, node, GLI_RNN_H0, GLI_RNN_H_N)) return false;
    if (lstm ? !is_state(model, node, GLI_RNN_C0, GLI_RNN_C_N) : node->in[GLI_RNN_C0] != 0) return false;
    const int64_t batch = gli_node_weight(model, node, GLI_RNN_H0)->dim[1];
    if (batch < 1 || batch > INT_MAX || (model->stateful_batch && model->stateful_batch != batch)) return false;
    if (!model->stateful_batch) model->stateful_layer = node->layer;
    model->stateful_batch = (int)batch;
    return true;
}

const gli_emitter gli_emitter_rnn = {&gli_op_rnn, emit_stateful, 1u << GLI_RNN_H0 | 1u << GLI_RNN_C0, accept_stateful};

static glia_value state(const stack *s, const char *what, int layer, int64_t size) {
    char name[32];
    snprintf(name, sizeof name, "%s_l%d", what, layer);
    return gli_layer_weight(s->model, &(gli_weight_spec){.suffix   = name,
                                                         .ndim     = 3,
                                                         .dim      = {s->directions, s->args->stateful_batch, size},
                                                         .fallback = {.kind = GLIA_INIT_ZEROS},
                                                         .buffer   = true,
                                                         .state    = true});
}

/* The nominal batch is not that of the states, so they come in when the shapes are known. */
static void assign_states(const stack *s, int layer) {
    const bool lstm      = s->params.cell == GLIA_RNN_LSTM;
    const glia_value h   = state(s, "h", layer, s->outputs);
    const glia_value c   = lstm ? state(s, "c", layer, s->args->units) : (glia_value){0};
    gli_model_node *node = gli_model_last_node(s->model);
    if (!node) return;
    node->in[GLI_RNN_H0] = h.id;
    node->in[GLI_RNN_C0] = c.id;
    node->emitter        = &gli_emitter_rnn;
    accept_stateful(s->model, node);
}

/* x [N,T,I] to y and h_n. */
static glia_value add_layer(const stack *s, int layer, glia_value x, glia_value out[GLI_RNN_C_N + 1]) {
    glia_value in[GLI_RNN_INPUTS] = {{0}};
    const glia_tensor *shape      = gli_model_shape(s->model, x);
    if (!shape) return GLI_INVALID;
    in[GLI_RNN_X]       = x;
    in[GLI_RNN_LENGTHS] = s->args->lengths;
    add_weights(s, layer, shape->dim[2], in);
    const glia_value y = gli_layer_call(s->model, &gli_op_rnn, &s->params, GLI_RNN_INPUTS, in, GLI_RNN_C_N + 1, out);
    if (s->args->stateful_batch && y.id > 0) assign_states(s, layer);
    return y;
}

/* h_n [D,N,R] as [N,D R], in the dtype of y. */
static glia_value last_states(const stack *s, glia_value h_n) {
    const glia_cast_params to = {.dtype = s->model->compute};
    if (s->model->compute != s->model->dtype) h_n = gli_layer_call_1(s->model, &gli_op_cast, &to, 1, &h_n);
    const glia_transpose_params batch_first = {.permutation = {1, 0, 2}};
    const glia_reshape_params rows          = {.shape = {.ndim = 2, .dim = {-1, s->directions * s->outputs}}};
    if (s->directions > 1) h_n = gli_layer_call_1(s->model, &gli_op_transpose, &batch_first, 1, &h_n);
    return gli_layer_call_1(s->model, &gli_op_reshape, &rows, 1, &h_n);
}

static glia_value add_stack(const stack *s, glia_value x) {
    glia_value out[GLI_RNN_C_N + 1];
    for (int layer = 0; layer < s->layers; ++layer) {
        if (layer > 0 && s->args->dropout > 0) x = gli_layer_dropout(s->model, x, s->args->dropout, layer);
        x = add_layer(s, layer, x, out);
    }
    return s->args->sequence || x.id <= 0 ? x : last_states(s, out[GLI_RNN_H_N]);
}

static glia_value recurrent(glia_model *model, const char *kind, glia_rnn_cell cell, int gates, glia_value x,
                            const recurrent_args *args) {
    const glia_value given[] = {x, args->lengths};
    if (!gli_layer_begin(model, kind, args->name, given, args->lengths.id ? 2 : 1, args->frozen)) return GLI_INVALID;
    const stack s = {.model      = model,
                     .args       = args,
                     .params     = {.cell         = args->relu ? GLIA_RNN_RELU : cell,
                                    .direction    = args->direction,
                                    .batch_first  = true,
                                    .reset_before = args->reset_before,
                                    .cell_clip    = args->cell_clip != 0 ? args->cell_clip : INFINITY},
                     .layers     = args->layers ? args->layers : 1,
                     .directions = args->direction == GLIA_RNN_BOTH ? 2 : 1,
                     .gates      = gates,
                     .outputs    = args->projection ? args->projection : args->units};
    return gli_layer_end(model, check(&s, gli_model_shape(model, x)) && gli_layer_expect_lengths(model, args->lengths)
                                    ? add_stack(&s, x)
                                    : GLI_INVALID);
}

/* Copies the fields of GLIA_RECURRENT_ARGS, with which all begin. */
static recurrent_args common(const void *args) {
    typedef struct shared {
        GLIA_RECURRENT_ARGS;
    } shared;
    _Static_assert(offsetof(glia_rnn_args, bias_init) == offsetof(shared, bias_init), "the fields come first");
    _Static_assert(offsetof(glia_lstm_args, bias_init) == offsetof(shared, bias_init), "the fields come first");
    _Static_assert(offsetof(glia_gru_args, bias_init) == offsetof(shared, bias_init), "the fields come first");
    _Static_assert(offsetof(recurrent_args, bias_init) == offsetof(shared, bias_init), "the fields come first");
    recurrent_args out = {0};
    if (args) memcpy(&out, args, sizeof(shared));
    return out;
}

glia_value glia_model_rnn(glia_model *model, glia_value x, const glia_rnn_args *args) {
    recurrent_args all = common(args);
    if (args) all.relu = args->relu;
    return recurrent(model, "rnn", GLIA_RNN_TANH, 1, x, &all);
}

glia_value glia_model_lstm(glia_model *model, glia_value x, const glia_lstm_args *args) {
    recurrent_args all = common(args);
    if (args) all.projection = args->projection, all.peephole = args->peephole, all.cell_clip = args->cell_clip;
    return recurrent(model, "lstm", GLIA_RNN_LSTM, 4, x, &all);
}

glia_value glia_model_gru(glia_model *model, glia_value x, const glia_gru_args *args) {
    recurrent_args all = common(args);
    if (args) all.reset_before = args->reset_before;
    return recurrent(model, "gru", GLIA_RNN_GRU, 3, x, &all);
}
