/* Activations and dropout. */
#include "glia/ops/elementwise.h"
#include "glia/ops/random.h"
#include "glia/ops/softmax.h"
#include "graph/graph_impl.h"
#include "nn/emission.h"
#include "nn/layer.h"
#include "ops/elementwise/activation.h"

static glia_value softmax(glia_model *model, glia_value x, glia_activation kind, int axis) {
    const glia_softmax_params params = {.axis = axis, .log = kind == GLIA_LOG_SOFTMAX};
    return gli_layer_call_1(model, &gli_op_softmax, &params, 1, &x);
}

glia_value gli_layer_activation(glia_model *model, glia_value x, glia_activation activation, int axis) {
    glia_unary_kind kind;
    if (activation == GLIA_LINEAR) return x;
    if (activation == GLIA_SOFTMAX || activation == GLIA_LOG_SOFTMAX) return softmax(model, x, activation, axis);
    if (!gli_activation_kind(activation, &kind))
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "invalid activation %d", (int)activation);
    const glia_unary_params params = glia_unary_defaults(kind);
    return gli_layer_call_1(model, &gli_op_unary, &params, 1, &x);
}

/* A function that has no alpha or beta says so by a default of 0. */
static bool choose_number(glia_model *model, const glia_activation_args *args, const char *name, glia_optional given,
                          double *number) {
    if (!given.set) return true;
    if (*number != 0) return *number = given.value, true;
    gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%s is %g, but %s has none", name, given.value,
                   glia_activation_name(args->kind));
    return false;
}

static glia_value activate(glia_model *model, glia_value x, const glia_activation_args *args) {
    glia_unary_kind kind;
    glia_unary_params params = {.kind = GLIA_UNARY_LINEAR};
    const bool unary         = gli_activation_kind(args->kind, &kind);
    if (unary) params = glia_unary_defaults(kind);
    if ((unsigned)args->kind > GLIA_LOG_SOFTMAX) return gli_layer_activation(model, x, args->kind, -1);
    if (!choose_number(model, args, "alpha", args->alpha, &params.alpha) ||
        !choose_number(model, args, "beta", args->beta, &params.beta))
        return GLI_INVALID;
    if (!unary) return gli_layer_activation(model, x, args->kind, -1);
    return gli_layer_call_1(model, &gli_op_unary, &params, 1, &x);
}

glia_value glia_model_activation(glia_model *model, glia_value x, const glia_activation_args *args) {
    const glia_activation_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "activation", args->name, &x, 1, false)) return GLI_INVALID;
    return gli_layer_end(model, activate(model, x, args));
}

glia_value glia_model_softmax(glia_model *model, glia_value x, const glia_layer_args *args) {
    return gli_layer_of_op(model, "softmax", args ? args->name : NULL, x, &gli_op_softmax, NULL);
}

glia_value glia_model_log_softmax(glia_model *model, glia_value x, const glia_layer_args *args) {
    const glia_softmax_params params = {.axis = -1, .log = true};
    return gli_layer_of_op(model, "log_softmax", args ? args->name : NULL, x, &gli_op_softmax, &params);
}

glia_value glia_model_prelu(glia_model *model, glia_value x, const glia_prelu_args *args) {
    const glia_prelu_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "prelu", args->name, &x, 1, args->frozen)) return GLI_INVALID;
    const glia_tensor *in      = gli_model_shape(model, x);
    const gli_weight_spec spec = {.suffix   = "weight",
                                  .ndim     = 1,
                                  .dim      = {in->ndim > 1 ? in->dim[1] : 1},
                                  .init     = args->weight_init,
                                  .fallback = {.kind = GLIA_INIT_CONSTANT, .a = 0.25}};
    const glia_value slope     = gli_layer_weight(model, &spec);
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_prelu, NULL, 2, (glia_value[]){x, slope}));
}

static void emit_dropout(gli_emission *e, const gli_model_node *node, const glia_value *in, glia_value *out) {
    glia_dropout_params params = *(const glia_dropout_params *)node->params;
    params.seed                = e->model->seed;
    out[0]                     = in[0];
    if (e->training) gli_graph_call(e->graph, &gli_op_dropout, &params, (glia_value[]){in[0], e->step}, 2, out, 1);
}

static bool accept_dropout(glia_model *model, const gli_model_node *node) {
    (void)model;
    return node->n_in == 1;
}

const gli_emitter gli_emitter_dropout = {&gli_op_dropout, emit_dropout, 0, accept_dropout};

glia_value gli_layer_dropout(glia_model *model, glia_value x, double p, int number) {
    const uint32_t stream            = (uint32_t)model->n_layers + ((uint32_t)number << 20);
    const glia_dropout_params params = {.p = p, .stream = GLI_STREAM_DROPOUT + stream};
    const glia_value y               = gli_layer_call_1(model, &gli_op_dropout, &params, 1, &x);
    if (y.id > 0) gli_model_last_node(model)->emitter = &gli_emitter_dropout;
    return y;
}

glia_value glia_model_dropout(glia_model *model, glia_value x, const glia_dropout_args *args) {
    const glia_dropout_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "dropout", args->name, &x, 1, false)) return GLI_INVALID;
    return gli_layer_end(model, gli_layer_dropout(model, x, args->p, 0));
}
