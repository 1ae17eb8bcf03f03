/* Normalization and dropout: the layers that do different things in training and in use. */
#include "graph/graph_impl.h"
#include "nn/model_impl.h"

static const glia_value invalid = {-1};

static const glia_norm_args norm_defaults = {0};

/* Scale and shift of `count` numbers, or no values. */
static void scale_and_shift(glia_model *model, bool absent, int ndim, const int64_t *dim, glia_value *out) {
    out[0] = out[1] = (glia_value){0};
    if (absent) return;
    gli_weight_spec spec = {.suffix = "weight", .ndim = ndim, .fallback = {.kind = GLIA_INIT_CONSTANT, .a = 1}};
    for (int i = 0; i < ndim; ++i) spec.dim[i] = dim[i];
    out[0]        = gli_layer_weight(model, &spec);
    spec.suffix   = "bias";
    spec.fallback = (glia_init){.kind = GLIA_INIT_ZEROS};
    out[1]        = gli_layer_weight(model, &spec);
}

/* In training: statistics of the batch, and the running ones move; otherwise, or when frozen, the running ones. */
static void emit_batchnorm(gli_emission *e, const gli_recipe_node *node, const glia_value *in, glia_value *out) {
    const glia_batchnorm_params *p = node->params;
    if (!e->training || e->model->layers[node->layer].held) {
        const glia_batchnorm_inference_params inference = {.epsilon = p->epsilon};
        gli_graph_call(e->graph, &gli_op_batchnorm_inference, &inference, in, 5, out, 1);
        return;
    }
    glia_value all[5]; /* y, mean, rstd, new_running_mean, new_running_var */
    gli_graph_call(e->graph, &gli_op_batchnorm, p, in, 5, all, 5);
    glia_graph_assign(e->graph, in[3], all[3]);
    glia_graph_assign(e->graph, in[4], all[4]);
    out[0] = all[0];
}

glia_value glia_model_batchnorm(glia_model *model, glia_value x, const glia_norm_args *args) {
    if (!args) args = &norm_defaults;
    if (!gli_layer_begin(model, "batchnorm", args->name, &x, 1, args->frozen)) return invalid;
    const glia_tensor *in  = gli_model_shape(model, x);
    const int64_t channels = in->ndim > 1 ? in->dim[1] : 0;
    glia_value all[5]      = {x};
    scale_and_shift(model, args->no_scale, 1, &channels, all + 1);
    const glia_init zero = {.kind = GLIA_INIT_ZEROS}, one = {.kind = GLIA_INIT_CONSTANT, .a = 1};
    all[3] = gli_layer_weight(
        model,
        &(gli_weight_spec){.suffix = "running_mean", .ndim = 1, .dim = {channels}, .init = zero, .buffer = true});
    all[4] = gli_layer_weight(
        model, &(gli_weight_spec){.suffix = "running_var", .ndim = 1, .dim = {channels}, .init = one, .buffer = true});
    const glia_batchnorm_params params = {
        .epsilon = args->epsilon, .momentum = args->momentum, .population = args->population};
    const glia_value y = gli_layer_call_1(model, &gli_op_batchnorm, &params, 5, all);
    if (y.id > 0) gli_model_last_node(model)->emit = emit_batchnorm;
    return gli_layer_end(model, y);
}

glia_value glia_model_layernorm(glia_model *model, glia_value x, const glia_norm_args *args) {
    if (!args) args = &norm_defaults;
    if (!gli_layer_begin(model, "layernorm", args->name, &x, 1, args->frozen)) return invalid;
    const glia_tensor *in = gli_model_shape(model, x);
    const int dims        = args->dims ? args->dims : 1;
    if (dims < 1 || dims >= in->ndim)
        return gli_layer_end(model, gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                                                   "dims is %d, x has %d besides the batch", dims, in->ndim - 1));
    glia_value all[3] = {x};
    scale_and_shift(model, args->no_scale, dims, in->dim + in->ndim - dims, all + 1);
    const glia_layernorm_params params = {.dims = dims, .epsilon = args->epsilon};
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_layernorm, &params, 3, all));
}

static glia_value groupnorm(glia_model *model, glia_value x, const glia_norm_args *args, bool instance) {
    const glia_tensor *in  = gli_model_shape(model, x);
    const int64_t channels = in->ndim > 1 ? in->dim[1] : 0;
    glia_value all[3]      = {x};
    scale_and_shift(model, args->no_scale, 1, &channels, all + 1);
    const glia_groupnorm_params params = {.groups = instance ? (int)channels : args->groups, .epsilon = args->epsilon};
    return gli_layer_call_1(model, &gli_op_groupnorm, &params, 3, all);
}

glia_value glia_model_groupnorm(glia_model *model, glia_value x, const glia_norm_args *args) {
    if (!args) args = &norm_defaults;
    if (!gli_layer_begin(model, "groupnorm", args->name, &x, 1, args->frozen)) return invalid;
    return gli_layer_end(model, groupnorm(model, x, args, false));
}

glia_value glia_model_instancenorm(glia_model *model, glia_value x, const glia_norm_args *args) {
    if (!args) args = &norm_defaults;
    if (!gli_layer_begin(model, "instancenorm", args->name, &x, 1, args->frozen)) return invalid;
    return gli_layer_end(model, groupnorm(model, x, args, true));
}

static void emit_dropout(gli_emission *e, const gli_recipe_node *node, const glia_value *in, glia_value *out) {
    out[0] = in[0];
    if (e->training)
        gli_graph_call(e->graph, &gli_op_dropout, node->params,
                       (glia_value[]){in[0], gli_emit_counter(e, GLI_COUNTER_STEP)}, 2, out, 1);
}

glia_value gli_layer_dropout(glia_model *model, glia_value x, float p, int number) {
    const uint32_t stream            = (uint32_t)model->n_layers + ((uint32_t)number << 20);
    const glia_dropout_params params = {.p = p, .seed = model->ctx->seed, .stream = GLI_STREAM_DROPOUT + stream};
    const glia_value y               = gli_layer_call_1(model, &gli_op_dropout, &params, 1, &x);
    if (y.id > 0) gli_model_last_node(model)->emit = emit_dropout;
    return y;
}

glia_value glia_model_dropout(glia_model *model, glia_value x, float p) {
    if (!gli_layer_begin(model, "dropout", NULL, &x, 1, false)) return invalid;
    return gli_layer_end(model, gli_layer_dropout(model, x, p, 0));
}
