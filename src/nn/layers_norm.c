/* Normalisation. */
#include <float.h>

#include "glia/ops/elementwise.h"
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

/* Weight, bias, running mean and running variance of x. */
static void batchnorm_weights(glia_model *model, bool no_scale, glia_value x, glia_value *out) {
    const glia_tensor *in  = gli_model_shape(model, x);
    const int64_t channels = in->ndim > 1 ? in->dim[1] : 0;
    scale_and_shift(model, no_scale, 1, &channels, out);
    const glia_init zero = {.kind = GLIA_INIT_ZEROS}, one = {.kind = GLIA_INIT_CONSTANT, .a = 1};
    out[2] = gli_layer_weight(
        model,
        &(gli_weight_spec){.suffix = "running_mean", .ndim = 1, .dim = {channels}, .init = zero, .buffer = true});
    out[3] = gli_layer_weight(
        model, &(gli_weight_spec){.suffix = "running_var", .ndim = 1, .dim = {channels}, .init = one, .buffer = true});
}

static bool emit_inference(const gli_emission *e, const gli_model_node *node, const glia_value *in, glia_value *out) {
    if (e->training && !e->model->layers[node->layer].frozen_in_graphs) return false;
    const glia_batchnorm_params *p                  = node->params;
    const glia_batchnorm_inference_params inference = {.epsilon = p->epsilon};
    gli_graph_call(e->graph, &gli_op_batchnorm_inference, &inference, in, 5, out, 1);
    return true;
}

/* In training: statistics of the batch, and the running ones move; otherwise, or when frozen, the running ones. */
static void emit_batchnorm(gli_emission *e, const gli_model_node *node, const glia_value *in, glia_value *out) {
    if (emit_inference(e, node, in, out)) return;
    glia_value all[5]; /* y, mean, rstd, new_running_mean, new_running_var */
    gli_graph_call(e->graph, &gli_op_batchnorm, node->params, in, 5, all, 5);
    glia_graph_assign(e->graph, in[3], all[3]);
    glia_graph_assign(e->graph, in[4], all[4]);
    out[0] = all[0];
}

static bool accept_batchnorm(glia_model *model, const gli_model_node *node) {
    if (node->n_in != 5 || node->n_out != 1) return false;
    const gli_weight *mean = gli_node_weight(model, node, 3), *var = gli_node_weight(model, node, 4);
    return mean && var && mean != var && mean->buffer && var->buffer;
}

const gli_emitter gli_emitter_batchnorm = {&gli_op_batchnorm, emit_batchnorm, 0, accept_batchnorm, 0};

glia_value glia_model_batchnorm(glia_model *model, glia_value x, const glia_batchnorm_args *args) {
    const glia_batchnorm_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "batchnorm", args->name, &x, 1, args->frozen)) return GLI_INVALID;
    glia_value all[5] = {x};
    batchnorm_weights(model, args->no_scale, x, all + 1);
    glia_batchnorm_params params = glia_batchnorm_defaults();
    params.epsilon               = gli_value_or(args->epsilon, params.epsilon);
    params.momentum              = gli_value_or(args->momentum, params.momentum);
    params.population            = args->population;
    const glia_value y           = gli_layer_call_1(model, &gli_op_batchnorm, &params, 5, all);
    if (y.id > 0) gli_model_last_node(model)->emitter = &gli_emitter_batchnorm;
    return gli_layer_end(model, y);
}

/* ---- Batch renormalisation ---- */

static glia_value unary(const gli_emission *e, glia_unary_kind kind, glia_value x) {
    glia_value y;
    return gli_graph_call(e->graph, &gli_op_unary, &(glia_unary_params){.kind = kind}, &x, 1, &y, 1);
}

static glia_value binary(const gli_emission *e, glia_binary_kind kind, glia_value a, glia_value b) {
    glia_value y;
    return gli_graph_call(e->graph, &gli_op_binary, &(glia_binary_params){.kind = kind}, (glia_value[]){a, b}, 2, &y,
                          1);
}

/* x between low and high, a constant for gradients. */
static glia_value limited(const gli_emission *e, glia_value x, glia_value low, glia_value high) {
    const glia_value above = binary(e, GLIA_BINARY_MAXIMUM, x, low);
    return unary(e, GLIA_UNARY_STOP_GRADIENT, binary(e, GLIA_BINARY_MINIMUM, above, high));
}

/* What makes running statistics of those of the batch: r and d. */
static void emit_correction(const gli_emission *e, const gli_model_node *node, const glia_value *in,
                            const glia_value *batch, glia_value *r, glia_value *d) {
    const glia_batchnorm_params *p = node->params;
    const glia_dtype dtype         = glia_graph_dtype(e->graph, in[4]);
    const glia_value epsilon       = glia_graph_constant(e->graph, dtype, GLIA_SCALAR, p->epsilon),
                     one           = glia_graph_constant(e->graph, dtype, GLIA_SCALAR, 1);
    const glia_value max_r = e->map[node->with[0]], max_d = e->map[node->with[1]];
    const glia_value deviation = unary(e, GLIA_UNARY_SQRT, binary(e, GLIA_BINARY_ADD, in[4], epsilon));
    const glia_value ratio     = binary(e, GLIA_BINARY_DIV, one, binary(e, GLIA_BINARY_MUL, batch[2], deviation));
    const glia_value shift     = binary(e, GLIA_BINARY_DIV, binary(e, GLIA_BINARY_SUB, batch[1], in[3]), deviation);
    *r                         = limited(e, ratio, binary(e, GLIA_BINARY_DIV, one, max_r), max_r);
    *d                         = limited(e, shift, unary(e, GLIA_UNARY_NEG, max_d), max_d);
}

/* In training: y = (weight r) xhat + (bias + weight d), the xhat of batchnorm; the second step is that of inference
 * with mean 0 and variance 1. */
static void emit_batchrenorm(gli_emission *e, const gli_model_node *node, const glia_value *in, glia_value *out) {
    if (emit_inference(e, node, in, out)) return;
    const glia_value plain[5] = {in[0], {0}, {0}, in[3], in[4]};
    glia_value batch[5], r, d; /* batch: xhat, mean, rstd, new_running_mean, new_running_var */
    gli_graph_call(e->graph, &gli_op_batchnorm, node->params, plain, 5, batch, 5);
    emit_correction(e, node, in, batch, &r, &d);
    glia_graph_assign(e->graph, in[3], batch[3]);
    glia_graph_assign(e->graph, in[4], batch[4]);
    const glia_shape channels  = glia_graph_shape(e->graph, in[3]);
    const glia_dtype dtype     = glia_graph_dtype(e->graph, in[3]);
    const glia_value affine[5] = {
        batch[0], in[1].id ? binary(e, GLIA_BINARY_MUL, in[1], r) : r,
        in[1].id ? binary(e, GLIA_BINARY_ADD, in[2], binary(e, GLIA_BINARY_MUL, in[1], d)) : d,
        glia_graph_constant(e->graph, dtype, channels, 0), glia_graph_constant(e->graph, dtype, channels, 1)};
    gli_graph_call(e->graph, &gli_op_batchnorm_inference, &(glia_batchnorm_inference_params){0}, affine, 5, out, 1);
}

static bool accept_batchrenorm(glia_model *model, const gli_model_node *node) {
    for (int i = 0; i < 2; ++i) {
        const gli_weight *limit = gli_weight_of_value(model, node->with[i]);
        if (!limit || !limit->buffer || limit->ndim != 1 || limit->dim[0] != 1) return false;
    }
    return accept_batchnorm(model, node) && (node->in[1] != 0) == (node->in[2] != 0);
}

const gli_emitter gli_emitter_batchrenorm = {&gli_op_batchnorm, emit_batchrenorm, 0, accept_batchrenorm, 2};

static glia_value limit(glia_model *model, const char *suffix, double value) {
    const glia_init init = {.kind = GLIA_INIT_CONSTANT, .a = value};
    return gli_layer_weight(model,
                            &(gli_weight_spec){.suffix = suffix, .ndim = 1, .dim = {1}, .init = init, .buffer = true});
}

glia_value glia_model_batchrenorm(glia_model *model, glia_value x, const glia_batchrenorm_args *args) {
    const glia_batchrenorm_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "batchrenorm", args->name, &x, 1, args->frozen)) return GLI_INVALID;
    const double max_r = gli_value_or(args->max_r, 3), max_d = gli_value_or(args->max_d, 5);
    if (!(max_r >= 1 && max_r <= FLT_MAX && max_d >= 0 && max_d <= FLT_MAX))
        return gli_layer_end(
            model, gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                                  "max_r is %g, must be at least 1; max_d is %g, must not be negative", max_r, max_d));
    glia_value all[5] = {x};
    batchnorm_weights(model, args->no_scale, x, all + 1);
    const glia_value limits[]    = {limit(model, "max_r", max_r), limit(model, "max_d", max_d)};
    glia_batchnorm_params params = glia_batchnorm_defaults();
    params.epsilon               = gli_value_or(args->epsilon, params.epsilon);
    params.momentum              = gli_value_or(args->momentum, params.momentum);
    params.population            = args->population;
    const glia_value y           = gli_layer_call_1(model, &gli_op_batchnorm, &params, 5, all);
    if (y.id > 0) {
        gli_model_node *node = gli_model_last_node(model);
        node->emitter        = &gli_emitter_batchrenorm;
        node->n_with         = 2;
        for (int i = 0; i < 2; ++i) node->with[i] = limits[i].id;
    }
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
