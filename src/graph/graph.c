/* Building a graph: values, nodes, failures. */
#include "graph/graph_impl.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"

static const glia_value invalid = {-1};

glia_status glia_graph_create(glia_context *ctx, glia_graph **out) {
    GLIA_TRY(glia_enter(ctx));
    glia_status status = GLIA_OK;
    void *memory       = NULL;
    if (!out) status = glia_fail(ctx, GLIA_INVALID_ARGUMENT, "glia_graph_create: out is NULL");
    if (status == GLIA_OK) status = glia_new(ctx, 1, sizeof **out, "a graph", &memory);
    if (status == GLIA_OK) {
        glia_graph *graph = memory;
        graph->ctx        = ctx;
        graph->n_values   = 1; /* value 0 is no value */
        glia_context_retain(ctx);
        *out = graph;
    }
    glia_leave(ctx);
    return status;
}

void glia_graph_destroy(glia_graph *graph) {
    if (!graph) return;
    glia_context *ctx = graph->ctx;
    glia_free(ctx, graph->values, (size_t)graph->value_capacity, sizeof *graph->values);
    glia_free(ctx, graph->nodes, (size_t)graph->node_capacity, sizeof *graph->nodes);
    glia_free(ctx, graph->assignments, (size_t)graph->assignment_capacity, sizeof *graph->assignments);
    glia_zone_free(ctx, &graph->zone);
    glia_free(ctx, graph, 1, sizeof *graph);
    glia_context_release(ctx);
}

glia_status glia__graph_fail(glia_graph *graph, glia_status status) {
    if (graph->status != GLIA_OK || status == GLIA_OK) return status;
    graph->status = status;
    snprintf(graph->message, sizeof graph->message, "%s", graph->ctx->message);
    return status;
}

glia_status glia_graph_status(const glia_graph *graph) {
    if (!graph) return GLIA_INVALID_ARGUMENT;
    GLIA_TRY(glia_enter(graph->ctx));
    const glia_status status = graph->status;
    if (status != GLIA_OK) snprintf(graph->ctx->message, sizeof graph->ctx->message, "%s", graph->message);
    glia_leave(graph->ctx);
    return status;
}

void glia__graph_set_label(glia_graph *graph, const char *label) {
    graph->label = NULL;
    glia__graph_fail(graph, glia_zone_text(graph->ctx, &graph->zone, label, &graph->label));
}

const glia_value_info *glia__graph_value(const glia_graph *graph, glia_value value) {
    const bool known = graph && value.id > 0 && value.id < graph->n_values;
    return known && graph->values[value.id].kind != GLIA_VALUE_GONE ? &graph->values[value.id] : NULL;
}

glia_status glia__graph_add_value(glia_graph *graph, const glia_value_info *value, int *out) {
    void *values = graph->values;
    GLIA_TRY(glia_grow(graph->ctx, &values, &graph->value_capacity, graph->n_values + 1, sizeof *value, "a graph"));
    graph->values       = values;
    *out                = graph->n_values++;
    graph->values[*out] = *value;
    return GLIA_OK;
}

glia_status glia__graph_add_node(glia_graph *graph, const glia_node *node, int *out) {
    void *nodes = graph->nodes;
    GLIA_TRY(glia_grow(graph->ctx, &nodes, &graph->node_capacity, graph->n_nodes + 1, sizeof *node, "a graph"));
    graph->nodes       = nodes;
    *out               = graph->n_nodes++;
    graph->nodes[*out] = *node;
    return GLIA_OK;
}

glia_status glia__graph_keep(glia_graph *graph, const void *data, size_t bytes, const void **out) {
    void *memory;
    GLIA_TRY(glia_zone_new(graph->ctx, &graph->zone, bytes, 1, &memory));
    if (bytes) memcpy(memory, data, bytes);
    *out = memory;
    return GLIA_OK;
}

glia_value glia__graph_build(glia_graph *graph, glia_graph_builder fn, const void *arg) {
    int id;
    if (!graph) return invalid;
    glia_status status = glia_enter(graph->ctx);
    if (status == GLIA_BUSY) return invalid; /* the graph is another thread's at the moment */
    if (glia__graph_fail(graph, status) != GLIA_OK) return invalid;
    status = glia__graph_fail(graph, fn(graph, arg, &id));
    glia_leave(graph->ctx);
    return status == GLIA_OK ? (glia_value){id} : invalid;
}

glia_status glia__graph_check(glia_graph *graph, const char *call, const char *what, glia_value value) {
    GLIA_REQUIRE(
        graph->ctx, glia__graph_value(graph, value), GLIA_INVALID_ARGUMENT,
        value.id < 0 ? "%s: %s is the result of a call that failed" : "%s: %s (id %d) is no value of the graph", call,
        what, value.id);
    return GLIA_OK;
}

/* Inputs and tensors. */
typedef struct leaf_args {
    const char *name;
    glia_dtype dtype;
    glia_shape shape;
    glia_tensor *tensor;
    double constant;
} leaf_args;

static glia_status build_input(glia_graph *graph, const void *arg, int *out) {
    const leaf_args *a   = arg;
    glia_value_info info = {.kind = GLIA_VALUE_INPUT, .tensor = {.ctx = graph->ctx}, .input = graph->n_inputs};
    GLIA_TRY(glia_shape_check(graph->ctx, a->name ? a->name : "glia_graph_input", a->dtype, a->shape));
    glia_set_shape(&info.tensor, a->dtype, a->shape.ndim, a->shape.dim);
    GLIA_TRY(glia_zone_text(graph->ctx, &graph->zone, a->name, &info.name));
    GLIA_TRY(glia__graph_add_value(graph, &info, out));
    ++graph->n_inputs;
    return GLIA_OK;
}

glia_value glia_graph_input(glia_graph *graph, const char *name, glia_dtype dtype, glia_shape shape) {
    return glia__graph_build(graph, build_input, &(leaf_args){.name = name, .dtype = dtype, .shape = shape});
}

static glia_status build_tensor(glia_graph *graph, const void *arg, int *out) {
    const leaf_args *a = arg;
    GLIA_REQUIRE(graph->ctx, a->tensor, GLIA_INVALID_ARGUMENT, "glia_graph_tensor: tensor is NULL");
    GLIA_REQUIRE(graph->ctx, a->tensor->ctx == graph->ctx, GLIA_DEVICE_MISMATCH,
                 "glia_graph_tensor: the tensor belongs to another context");
    glia_value_info info = {.kind = GLIA_VALUE_TENSOR, .tensor = *a->tensor};
    info.tensor.owned    = (glia_block){0};
    GLIA_TRY(glia_zone_text(graph->ctx, &graph->zone, a->name, &info.name));
    return glia__graph_add_value(graph, &info, out);
}

glia_value glia_graph_tensor(glia_graph *graph, const char *name, glia_tensor *tensor) {
    return glia__graph_build(graph, build_tensor, &(leaf_args){.name = name, .tensor = tensor});
}

static glia_status build_constant(glia_graph *graph, const void *arg, int *out) {
    const leaf_args *a   = arg;
    glia_value_info info = {.kind = GLIA_VALUE_CONSTANT, .tensor = {.ctx = graph->ctx}, .constant = a->constant};
    GLIA_TRY(glia_shape_check(graph->ctx, "a constant", a->dtype, a->shape));
    glia_set_shape(&info.tensor, a->dtype, a->shape.ndim, a->shape.dim);
    return glia__graph_add_value(graph, &info, out);
}

glia_value glia__graph_constant(glia_graph *graph, glia_dtype dtype, glia_shape shape, double value) {
    return glia__graph_build(graph, build_constant, &(leaf_args){.dtype = dtype, .shape = shape, .constant = value});
}

/* Views. */
typedef struct view_args {
    glia_value base;
    int64_t offset;
    glia_shape shape;
} view_args;

static glia_status build_view(glia_graph *graph, const void *arg, int *out) {
    const view_args *a = arg;
    glia_context *ctx  = graph->ctx;
    GLIA_TRY(glia__graph_check(graph, "a view", "its base", a->base));
    const glia_value_info *base = glia__graph_value(graph, a->base);
    const glia_tensor *whole    = &base->tensor;
    GLIA_REQUIRE(ctx, base->kind == GLIA_VALUE_TENSOR || base->kind == GLIA_VALUE_VIEW, GLIA_INVALID_ARGUMENT,
                 "a view: its base is no caller's tensor");
    GLIA_REQUIRE(ctx, glia_is_dense(whole), GLIA_INVALID_ARGUMENT, "a view: its base %s has gaps",
                 GLIA_SHAPE_OF(whole));
    GLIA_TRY(glia_shape_check(ctx, "a view", whole->dtype, a->shape));
    glia_value_info info = {.kind = GLIA_VALUE_VIEW, .tensor = {.ctx = ctx}, .name = base->name};
    glia_set_shape(&info.tensor, whole->dtype, a->shape.ndim, a->shape.dim);
    GLIA_REQUIRE(ctx, a->offset >= 0 && a->offset <= glia_count(whole) - glia_count(&info.tensor), GLIA_SHAPE_MISMATCH,
                 "a view: %s from element %lld on does not lie in %s", GLIA_SHAPE_OF(&info.tensor),
                 (long long)a->offset, GLIA_SHAPE_OF(whole));
    info.base        = base->kind == GLIA_VALUE_VIEW ? base->base : a->base.id;
    info.tensor.data = (char *)whole->data + (size_t)a->offset * glia_dtype_size(whole->dtype);
    return glia__graph_add_value(graph, &info, out);
}

glia_value glia__graph_view(glia_graph *graph, glia_value base, int64_t offset, glia_shape shape) {
    return glia__graph_build(graph, build_view, &(view_args){base, offset, shape});
}

/* Nodes. */
typedef struct call_args {
    const glia_op *op;
    const char *name; /* where op is to be found by name */
    const void *params;
    const glia_value *in;
    int n_in;
    glia_value *out;
    int n_out;
} call_args;

static glia_status gather_inputs(glia_graph *graph, const call_args *a, const glia_tensor **tensors, int **ids) {
    const glia_op *op = a->op;
    void *memory;
    GLIA_REQUIRE(graph->ctx, a->n_in >= 0 && a->n_in <= GLIA_MAX_IN && (a->in || a->n_in == 0), GLIA_INVALID_ARGUMENT,
                 "%s: %d inputs, takes %d to %d", op->name, a->n_in, op->min_in, op->max_in);
    GLIA_REQUIRE(graph->ctx, a->n_out >= 0 && a->n_out <= op->n_out && (a->out || a->n_out == 0), GLIA_INVALID_ARGUMENT,
                 "%s: %d outputs are asked for, gives %d", op->name, a->n_out, op->n_out);
    GLIA_TRY(glia_zone_new(graph->ctx, &graph->zone, (size_t)a->n_in, sizeof **ids, &memory));
    *ids = memory;
    for (int i = 0; i < a->n_in; ++i) {
        tensors[i] = NULL;
        (*ids)[i]  = a->in[i].id;
        if (a->in[i].id == 0) continue;
        GLIA_TRY(glia__graph_check(graph, op->name, i < op->max_in ? op->in_names[i] : "an input", a->in[i]));
        tensors[i] = &graph->values[a->in[i].id].tensor;
    }
    return GLIA_OK;
}

static glia_status add_results(glia_graph *graph, const glia_resolution *r, glia_node *node) {
    int index;
    GLIA_TRY(glia__graph_add_node(graph, &(glia_node){0}, &index));
    for (int o = 0; o < node->op->n_out; ++o) {
        glia_value_info info     = {.kind = GLIA_VALUE_RESULT, .tensor = r->out[o], .node = index, .output = o};
        info.tensor.ctx          = graph->ctx;
        const glia_status status = glia__graph_add_value(graph, &info, &node->out[o]);
        if (status != GLIA_OK) {
            --graph->n_nodes;
            graph->n_values -= o;
            return status;
        }
    }
    graph->nodes[index] = *node;
    return GLIA_OK;
}

static glia_status append(glia_graph *graph, const call_args *a, int *out) {
    const glia_tensor *tensors[GLIA_MAX_IN];
    alignas(max_align_t) char geom[GLIA_MAX_GEOMETRY];
    glia_resolution r;
    glia_node node = {.op = a->op, .n_in = a->n_in, .label = graph->label};
    GLIA_TRY(gather_inputs(graph, a, tensors, &node.in));
    GLIA_TRY(glia_resolve(graph->ctx, a->op, a->params, a->n_in, tensors, geom, &r));
    GLIA_TRY(glia__graph_keep(graph, r.params, a->op->params_size, &node.params));
    GLIA_TRY(glia__graph_keep(graph, geom, GLIA_MAX_GEOMETRY, &node.geom));
    GLIA_TRY(add_results(graph, &r, &node));
    for (int o = 0; o < a->n_out; ++o) a->out[o].id = node.out[o];
    *out = node.out[0];
    return GLIA_OK;
}

static glia_status build_call(glia_graph *graph, const void *arg, int *out) {
    call_args a       = *(const call_args *)arg;
    glia_context *ctx = graph->ctx;
    char outer[sizeof ctx->scope];
    memcpy(outer, ctx->scope, sizeof outer);
    if (graph->label) glia_set_scope(ctx, "%s%s: ", outer, graph->label);
    if (!a.op && a.name) a.op = glia_op_find(a.name);
    const glia_status status = a.op ? append(graph, &a, out)
                                    : glia_fail(ctx, GLIA_NOT_FOUND, "there is no op '%s'", a.name ? a.name : "(NULL)");
    memcpy(ctx->scope, outer, sizeof outer);
    return status;
}

static glia_value call(glia_graph *graph, const call_args *a) {
    for (int o = 0; a->out && o < a->n_out && o < GLIA_MAX_OUT; ++o) a->out[o] = invalid;
    return glia__graph_build(graph, build_call, a);
}

glia_value glia__graph_call(glia_graph *graph, const glia_op *op, const void *params, const glia_value *in, int n_in,
                            glia_value *out, int n_out) {
    return call(graph, &(call_args){op, NULL, params, in, n_in, out, n_out});
}

glia_value glia_graph_call(glia_graph *graph, const char *op, const void *params, const glia_value *in, int n_in,
                           glia_value *out, int n_out) {
    return call(graph, &(call_args){NULL, op, params, in, n_in, out, n_out});
}

glia_shape glia_graph_shape(const glia_graph *graph, glia_value value) {
    const glia_value_info *info = glia__graph_value(graph, value);
    return info ? glia_tensor_shape(&info->tensor) : (glia_shape){0};
}

glia_dtype glia_graph_dtype(const glia_graph *graph, glia_value value) {
    const glia_value_info *info = glia__graph_value(graph, value);
    return info ? info->tensor.dtype : GLIA_F32;
}
