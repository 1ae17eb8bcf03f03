/* Building a graph: values, nodes, failures. */
#include "graph/graph_impl.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"

static const glia_value invalid = {-1};

glia_status glia_graph_create(glia_context *ctx, glia_graph **out) {
    GLI_TRY(gli_enter(ctx));
    glia_status status = GLIA_OK;
    void *memory       = NULL;
    if (!out) status = gli_fail(ctx, GLIA_INVALID_ARGUMENT, "glia_graph_create: out is NULL");
    if (status == GLIA_OK) status = gli_new(ctx, 1, sizeof **out, "a graph", &memory);
    if (status == GLIA_OK) {
        glia_graph *graph = memory;
        graph->ctx        = ctx;
        graph->n_values   = 1; /* id 0 is an absent input */
        gli_context_retain(ctx);
        *out = graph;
    }
    gli_leave(ctx);
    return status;
}

void glia_graph_destroy(glia_graph *graph) {
    if (!graph) return;
    glia_context *ctx = graph->ctx;
    gli_free(ctx, graph->values, (size_t)graph->value_capacity, sizeof *graph->values);
    gli_free(ctx, graph->nodes, (size_t)graph->node_capacity, sizeof *graph->nodes);
    gli_free(ctx, graph->assignments, (size_t)graph->assignment_capacity, sizeof *graph->assignments);
    gli_free(ctx, graph->assigned, (size_t)graph->assigned_capacity, sizeof *graph->assigned);
    gli_arena_free(ctx, &graph->arena);
    gli_free(ctx, graph, 1, sizeof *graph);
    gli_context_release(ctx);
}

glia_status gli_graph_fail(glia_graph *graph, glia_status status) {
    if (graph->status != GLIA_OK || status == GLIA_OK) return status;
    graph->status = status;
    snprintf(graph->message, sizeof graph->message, "%s", graph->ctx->message);
    return status;
}

glia_status glia_graph_status(const glia_graph *graph) {
    GLI_REQUIRE_OBJECT(graph);
    GLI_TRY(gli_enter(graph->ctx));
    const glia_status status = graph->status;
    if (status != GLIA_OK) snprintf(graph->ctx->message, sizeof graph->ctx->message, "%s", graph->message);
    gli_leave(graph->ctx);
    return status;
}

void gli_graph_set_label(glia_graph *graph, const char *label) {
    graph->label = NULL;
    gli_graph_fail(graph, gli_arena_strdup(graph->ctx, &graph->arena, label, &graph->label));
}

void gli_graph_set_direction(glia_graph *graph, glia_direction direction) { graph->direction = direction; }

const gli_value_info *gli_graph_value(const glia_graph *graph, glia_value value) {
    const bool known = graph && value.id > 0 && value.id < graph->n_values && (!value.owner || value.owner == graph);
    return known && graph->values[value.id].kind != GLI_VALUE_FUSED ? &graph->values[value.id] : NULL;
}

glia_status gli_graph_add_value(glia_graph *graph, const gli_value_info *value, int *out) {
    void *values = graph->values;
    GLI_TRY(gli_grow(graph->ctx, &values, &graph->value_capacity, graph->n_values + 1, sizeof *value, "a graph"));
    graph->values       = values;
    *out                = graph->n_values++;
    graph->values[*out] = *value;
    return GLIA_OK;
}

glia_status gli_graph_add_node(glia_graph *graph, const gli_node *node, int *out) {
    void *nodes = graph->nodes;
    GLI_TRY(gli_grow(graph->ctx, &nodes, &graph->node_capacity, graph->n_nodes + 1, sizeof *node, "a graph"));
    graph->nodes       = nodes;
    *out               = graph->n_nodes++;
    graph->nodes[*out] = *node;
    return GLIA_OK;
}

glia_status gli_graph_memdup(glia_graph *graph, const void *data, size_t bytes, const void **out) {
    void *memory;
    GLI_TRY(gli_arena_alloc(graph->ctx, &graph->arena, bytes, 1, &memory));
    if (bytes) memcpy(memory, data, bytes);
    *out = memory;
    return GLIA_OK;
}

glia_value gli_graph_build(glia_graph *graph, gli_graph_builder fn, const void *arg) {
    int id = 0;
    if (!graph) return invalid;
    glia_status status = gli_enter(graph->ctx);
    if (status == GLIA_BUSY) return (glia_value){GLI_REFUSED_ID, NULL}; /* the graph is the other thread's */
    if (gli_graph_fail(graph, status) != GLIA_OK) return invalid;
    status = gli_graph_fail(graph, fn(graph, arg, &id));
    gli_leave(graph->ctx);
    return status == GLIA_OK ? (glia_value){id, graph} : invalid;
}

glia_status gli_graph_check(glia_graph *graph, const char *call, const char *what, glia_value value) {
    glia_context *ctx = graph->ctx;
    GLI_REQUIRE(ctx, value.id != GLI_REFUSED_ID, GLIA_BUSY,
                "%s: %s is the result of a call that came while another thread was using the context", call, what);
    GLI_REQUIRE(ctx, value.id >= 0, GLIA_INVALID_ARGUMENT, "%s: %s is the result of a call that failed", call, what);
    GLI_REQUIRE(
        ctx, gli_graph_value(graph, value), GLIA_INVALID_ARGUMENT, "%s: %s, id %d, is %s", call, what, value.id,
        value.owner && value.owner != graph ? "a value of another graph or a model" : "not a value of the graph");
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
    const leaf_args *a  = arg;
    gli_value_info info = {.kind = GLI_VALUE_INPUT, .tensor = {.ctx = graph->ctx}, .input = graph->n_inputs};
    GLI_TRY(gli_shape_check(graph->ctx, a->name ? a->name : "glia_graph_input", a->dtype, a->shape));
    gli_set_shape(&info.tensor, a->dtype, a->shape.ndim, a->shape.dim);
    GLI_TRY(gli_arena_strdup(graph->ctx, &graph->arena, a->name, &info.name));
    GLI_TRY(gli_graph_add_value(graph, &info, out));
    ++graph->n_inputs;
    return GLIA_OK;
}

glia_value glia_graph_input(glia_graph *graph, const char *name, glia_dtype dtype, glia_shape shape) {
    return gli_graph_build(graph, build_input, &(leaf_args){.name = name, .dtype = dtype, .shape = shape});
}

static glia_status build_tensor(glia_graph *graph, const void *arg, int *out) {
    const leaf_args *a = arg;
    GLI_REQUIRE(graph->ctx, a->tensor, GLIA_INVALID_ARGUMENT, "glia_graph_tensor: tensor is NULL");
    GLI_REQUIRE(graph->ctx, a->tensor->ctx == graph->ctx, GLIA_DEVICE_MISMATCH,
                "glia_graph_tensor: the tensor belongs to another context");
    gli_value_info info = {.kind = GLI_VALUE_TENSOR, .tensor = *a->tensor};
    info.tensor.owned   = (gli_block){0};
    GLI_TRY(gli_arena_strdup(graph->ctx, &graph->arena, a->name, &info.name));
    return gli_graph_add_value(graph, &info, out);
}

glia_value glia_graph_tensor(glia_graph *graph, const char *name, glia_tensor *tensor) {
    return gli_graph_build(graph, build_tensor, &(leaf_args){.name = name, .tensor = tensor});
}

static glia_status build_constant(glia_graph *graph, const void *arg, int *out) {
    const leaf_args *a  = arg;
    gli_value_info info = {.kind = GLI_VALUE_CONSTANT, .tensor = {.ctx = graph->ctx}, .constant = a->constant};
    GLI_TRY(gli_shape_check(graph->ctx, "a constant", a->dtype, a->shape));
    gli_set_shape(&info.tensor, a->dtype, a->shape.ndim, a->shape.dim);
    return gli_graph_add_value(graph, &info, out);
}

glia_value glia_graph_constant(glia_graph *graph, glia_dtype dtype, glia_shape shape, double value) {
    return gli_graph_build(graph, build_constant, &(leaf_args){.dtype = dtype, .shape = shape, .constant = value});
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
    GLI_TRY(gli_graph_check(graph, "a view", "its base", a->base));
    const gli_value_info *base = gli_graph_value(graph, a->base);
    const glia_tensor *whole   = &base->tensor;
    GLI_REQUIRE(ctx, base->kind == GLI_VALUE_TENSOR || base->kind == GLI_VALUE_VIEW, GLIA_INVALID_ARGUMENT,
                "a view: its base is not a caller's tensor");
    GLI_REQUIRE(ctx, gli_is_dense(whole), GLIA_INVALID_ARGUMENT, "a view: its base %s has gaps", GLI_SHAPE_OF(whole));
    GLI_TRY(gli_shape_check(ctx, "a view", whole->dtype, a->shape));
    gli_value_info info = {.kind = GLI_VALUE_VIEW, .tensor = {.ctx = ctx}, .name = base->name};
    gli_set_shape(&info.tensor, whole->dtype, a->shape.ndim, a->shape.dim);
    GLI_REQUIRE(ctx, a->offset >= 0 && a->offset <= gli_count(whole) - gli_count(&info.tensor), GLIA_SHAPE_MISMATCH,
                "a view: %s at element %lld is out of range for %s", GLI_SHAPE_OF(&info.tensor), (long long)a->offset,
                GLI_SHAPE_OF(whole));
    info.base        = base->kind == GLI_VALUE_VIEW ? base->base : a->base.id;
    info.tensor.data = gli_data_at(whole->data, (size_t)a->offset * glia_dtype_size(whole->dtype));
    return gli_graph_add_value(graph, &info, out);
}

glia_value gli_graph_view(glia_graph *graph, glia_value base, int64_t offset, glia_shape shape) {
    return gli_graph_build(graph, build_view, &(view_args){base, offset, shape});
}

/* Nodes. */
typedef struct call_args {
    const gli_op *op;
    const char *name; /* of the op, where op is NULL */
    const void *params;
    const glia_value *in;
    int n_in;
    glia_value *out;
    int n_out;
} call_args;

static glia_status gather_inputs(glia_graph *graph, const call_args *a, const glia_tensor **tensors, int **ids) {
    const gli_op *op = a->op;
    void *memory;
    GLI_REQUIRE(graph->ctx, a->n_in >= 0 && a->n_in <= GLI_MAX_IN && (a->in || a->n_in == 0), GLIA_INVALID_ARGUMENT,
                "%s: %d inputs, takes %d to %d", op->name, a->n_in, gli_required_inputs(op), op->n_inputs);
    GLI_REQUIRE(graph->ctx, a->n_out >= 0 && a->n_out <= op->n_outputs && (a->out || a->n_out == 0),
                GLIA_INVALID_ARGUMENT, "%s: %d outputs are requested, it has %d", op->name, a->n_out, op->n_outputs);
    GLI_TRY(gli_arena_alloc(graph->ctx, &graph->arena, (size_t)a->n_in, sizeof **ids, &memory));
    *ids = memory;
    for (int i = 0; i < a->n_in; ++i) {
        tensors[i] = NULL;
        (*ids)[i]  = a->in[i].id;
        if (a->in[i].id == 0) continue;
        GLI_TRY(gli_graph_check(graph, op->name, i < op->n_inputs ? op->inputs[i].name : "an input", a->in[i]));
        tensors[i] = &graph->values[a->in[i].id].tensor;
    }
    return GLIA_OK;
}

static glia_status add_results(glia_graph *graph, const gli_resolution *r, gli_node *node) {
    int index;
    GLI_TRY(gli_graph_add_node(graph, &(gli_node){0}, &index));
    for (int o = 0; o < node->op->n_outputs; ++o) {
        gli_value_info info      = {.kind = GLI_VALUE_RESULT, .tensor = r->out[o], .node = index, .output = o};
        info.tensor.ctx          = graph->ctx;
        const glia_status status = gli_graph_add_value(graph, &info, &node->out[o]);
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
    const glia_tensor *tensors[GLI_MAX_IN];
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    gli_node node = {.op = a->op, .n_in = a->n_in, .label = graph->label, .direction = graph->direction};
    GLI_TRY(gather_inputs(graph, a, tensors, &node.in));
    GLI_TRY(gli_resolve(graph->ctx, a->op, a->params, a->n_in, tensors, geom, &r));
    GLI_TRY(gli_graph_memdup(graph, r.params, a->op->params_size, &node.params));
    GLI_TRY(gli_graph_memdup(graph, geom, GLI_MAX_GEOMETRY, &node.geom));
    GLI_TRY(add_results(graph, &r, &node));
    for (int o = 0; o < a->n_out; ++o) a->out[o] = (glia_value){node.out[o], graph};
    *out = node.out[0];
    return GLIA_OK;
}

static glia_status build_call(glia_graph *graph, const void *arg, int *out) {
    call_args a       = *(const call_args *)arg;
    glia_context *ctx = graph->ctx;
    char outer[sizeof ctx->scope], missing[GLI_OP_MISSING_TEXT];
    memcpy(outer, ctx->scope, sizeof outer);
    if (graph->label) gli_set_scope(ctx, "%s%s: ", outer, graph->label);
    if (!a.op && a.name) a.op = gli_op_find(a.name);
    const glia_status status =
        a.op ? append(graph, &a, out) : gli_fail(ctx, GLIA_NOT_FOUND, "%s", gli_op_missing(a.name, missing));
    memcpy(ctx->scope, outer, sizeof outer);
    return status;
}

static glia_value call(glia_graph *graph, const call_args *a) {
    const glia_value first = gli_graph_build(graph, build_call, a); /* out may be in: nothing is written before */
    for (int o = 0; first.id < 0 && a->out && o < a->n_out && o < GLI_MAX_OUT; ++o) a->out[o] = invalid;
    return first;
}

glia_value gli_graph_call(glia_graph *graph, const gli_op *op, const void *params, const glia_value *in, int n_in,
                          glia_value *out, int n_out) {
    return call(graph, &(call_args){op, NULL, params, in, n_in, out, n_out});
}

glia_value glia_graph_call(glia_graph *graph, const char *op, const void *params, const glia_value *in, int n_in,
                           glia_value *out, int n_out) {
    return call(graph, &(call_args){NULL, op, params, in, n_in, out, n_out});
}

glia_shape glia_graph_shape(const glia_graph *graph, glia_value value) {
    const gli_value_info *info = gli_graph_value(graph, value);
    return info ? glia_tensor_shape(&info->tensor) : (glia_shape){0};
}

glia_dtype glia_graph_dtype(const glia_graph *graph, glia_value value) {
    const gli_value_info *info = gli_graph_value(graph, value);
    return info ? info->tensor.dtype : GLIA_F32;
}
