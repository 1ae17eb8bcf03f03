/* Normalisation. */
#include "glia/ops/norm.h"
#include "graph/graph_impl.h"
#include "nn/emission.h"
#include "nn/layer.h"

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
static void emit_batchnorm(gli_emission *e, const gli_model_node *node, const glia_value *in, glia_value *out) {
    const glia_batchnorm_params *p = node->params;
    if (!e->training || e->model->layers[node->layer].frozen_in_graphs) {
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

static bool accept_batchnorm(glia_model *model, const gli_model_node *node) {
    if (node->n_in != 5 || node->n_out != 1) return false;
    const gli_weight *mean = gli_node_weight(model, node, 3), *var = gli_node_weight(model, node, 4);
    return mean && var && mean != var && mean->buffer && var->buffer;
}

const gli_emitter gli_emitter_batchnorm = {&gli_op_batchnorm, emit_batchnorm, 0, accept_batchnorm};

glia_value glia_model_batchnorm(glia_model *model, glia_value x, const glia_batchnorm_args *args) {
    const glia_batchnorm_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "batchnorm", args->name, &x, 1, args->frozen)) return GLI_INVALID;
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
    glia_batchnorm_params params = glia_batchnorm_defaults();
    params.epsilon               = gli_value_or(args->epsilon, params.epsilon);
    params.momentum              = gli_value_or(args->momentum, params.momentum);
    params.population            = args->population;
    const glia_value y           = gli_layer_call_1(model, &gli_op_batchnorm, &params, 5, all);
    if (y.id > 0) gli_model_last_node(model)->emitter = &gli_emitter_batchnorm;
    return gli_layer_end(model, y);
}

glia_value glia_model_layernorm(glia_model *model, glia_value x, const glia_layernorm_args *args) {
    const glia_layernorm_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "layernorm", args->name, &x, 1, args->frozen)) return GLI_INVALID;
    const glia_tensor *in = gli_model_shape(model, x);
    const int dims        = args->dims ? args->dims : 1;
    if (dims < 1 || dims >= in->ndim)
        return gli_layer_end(model, gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                                                   "dims is %d, x has %d besides the batch", dims, in->ndim - 1));
    glia_value all[3] = {x};
    scale_and_shift(model, args->no_scale, dims, in->dim + in->ndim - dims, all + 1);
    glia_layernorm_params params = glia_layernorm_defaults();
    params.dims                  = dims;
    params.epsilon               = gli_value_or(args->epsilon, params.epsilon);
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_layernorm, &params, 3, all));
}

/* groups 0: as many as channels. */
static glia_value groupnorm(glia_model *model, glia_value x, int groups, glia_optional epsilon, bool no_scale) {
    const glia_tensor *in  = gli_model_shape(model, x);
    const int64_t channels = in->ndim > 1 ? in->dim[1] : 0;
    glia_value all[3]      = {x};
    scale_and_shift(model, no_scale, 1, &channels, all + 1);
    glia_groupnorm_params params = glia_groupnorm_defaults();
    params.groups                = groups ? groups : (int)channels;
    params.epsilon               = gli_value_or(epsilon, params.epsilon);
    return gli_layer_call_1(model, &gli_op_groupnorm, &params, 3, all);
}

glia_value glia_model_groupnorm(glia_model *model, glia_value x, const glia_groupnorm_args *args) {
    const glia_groupnorm_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "groupnorm", args->name, &x, 1, args->frozen)) return GLI_INVALID;
    return gli_layer_end(model, groupnorm(model, x, args->groups ? args->groups : 1, args->epsilon, args->no_scale));
}

glia_value glia_model_instancenorm(glia_model *model, glia_value x, const glia_instancenorm_args *args) {
    const glia_instancenorm_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "instancenorm", args->name, &x, 1, args->frozen)) return GLI_INVALID;
    return gli_layer_end(model, groupnorm(model, x, 0, args->epsilon, args->no_scale));
}
