/* Nodes of the recipe, and the way from the recipe to a graph. */
#include <stdalign.h>
#include <string.h>

#include "glia/custom.h"
#include "graph/graph_impl.h"
#include "nn/model_impl.h"

static glia_status add_outputs(glia_model *model, const gli_resolution *r, gli_recipe_node *node, bool batched,
                               glia_value *out) {
    for (int i = 0; i < node->n_out; ++i) {
        GLI_TRY(gli_grow(model->ctx, &model->values, &model->cap_values, model->n_values + 1, sizeof *model->values,
                         "a model"));
        gli_recipe_value *value = &model->values[model->n_values];
        *value = (gli_recipe_value){.source = GLI_FROM_NODE, .index = model->n_nodes, .batched = batched};
        gli_set_shape(&value->shape, r->out[i].dtype, r->out[i].ndim, r->out[i].dim);
        value->shape.ctx = model->ctx;
        out[i].id        = model->n_values++;
        node->out[i]     = out[i].id;
    }
    return GLIA_OK;
}

static glia_status add_node(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in,
                            int n_out, glia_value *out) {
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    const glia_tensor *shapes[GLI_MAX_IN] = {0};
    bool batched                          = false;
    gli_recipe_node node                  = {.op = op, .n_in = n_in, .n_out = n_out, .layer = model->n_layers - 1};
    for (int i = 0; i < n_in; ++i) {
        node.in[i] = in[i].id;
        if (in[i].id == 0) continue;
        shapes[i] = gli_model_shape(model, in[i]);
        GLI_REQUIRE(model->ctx, shapes[i], GLIA_INVALID_ARGUMENT, "%s: input %d is not a value of this model", op->name,
                    i);
        batched = batched || model->values[in[i].id].batched;
    }
    GLI_TRY(gli_resolve(model->ctx, op, params, n_in, shapes, geom, &r));
    GLI_TRY(
        gli_grow(model->ctx, &model->nodes, &model->cap_nodes, model->n_nodes + 1, sizeof *model->nodes, "a model"));
    GLI_TRY(add_outputs(model, &r, &node, batched, out));
    GLI_TRY(gli_new(model->ctx, 1, op->params_size, "a model", &node.params));
    if (params && node.params) memcpy(node.params, params, op->params_size);
    model->nodes[model->n_nodes++] = node;
    model->compiled                = false;
    return GLIA_OK;
}

glia_value gli_layer_call(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in,
                          int n_out, glia_value *out) {
    const glia_status status =
        model->failure != GLIA_OK ? model->failure : add_node(model, op, params, n_in, in, n_out, out);
    if (status == GLIA_OK) return out[0];
    for (int i = 0; i < n_out; ++i) out[i] = (glia_value){-1};
    return gli_model_take_failure(model, status);
}

glia_value gli_layer_call_1(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in) {
    glia_value out;
    return gli_layer_call(model, op, params, n_in, in, 1, &out);
}

gli_recipe_node *gli_model_last_node(glia_model *model) {
    return model->failure == GLIA_OK && model->n_nodes ? &model->nodes[model->n_nodes - 1] : NULL;
}

/* An op as a layer of its own, with a name made of `kind`. */
typedef struct op_layer {
    const char *call, *kind;
    const gli_op *op;
    int n_out; /* the outputs that there are */
} op_layer;

static glia_value add_op(glia_model *model, const op_layer *l, const void *params, const glia_value *in, int n_in,
                         glia_value *out, int n_out) {
    const gli_op *op = l->op;
    glia_value results[GLI_MAX_OUT];
    if (n_in < gli_required_inputs(op) || n_in > op->n_inputs || (!in && n_in > 0) || n_out < 0 || n_out > l->n_out ||
        (!out && n_out > 0))
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                              "%s: %s gets %d inputs%s and %d outputs%s, it has %d to %d and %d", l->call, l->kind,
                              n_in, in ? "" : " at NULL", n_out, out ? "" : " at NULL", gli_required_inputs(op),
                              op->n_inputs, l->n_out);
    if (!gli_layer_begin(model, l->kind, NULL, NULL, 0, false)) return (glia_value){-1};
    const glia_value first =
        gli_layer_end(model, gli_layer_call(model, op, params, n_in, in, n_out > 0 ? n_out : 1, results));
    for (int i = 0; i < n_out; ++i) out[i] = results[i];
    return first;
}

static void make_invalid(glia_value *out, int n_out) {
    for (int i = 0; out && i < n_out && i < GLI_MAX_OUT; ++i) out[i] = (glia_value){-1};
}

glia_value glia_model_op(glia_model *model, const char *op, const void *params, const glia_value *in, int n_in,
                         glia_value *out, int n_out) {
    make_invalid(out, n_out);
    if (!model) return (glia_value){-1};
    const gli_op *found = op ? gli_op_find(op) : NULL;
    if (!found) return gli_model_fail(model, GLIA_NOT_FOUND, "glia_model_op: no op is named '%s'", op ? op : "NULL");
    const op_layer layer = {"glia_model_op", found->name, found, found->n_outputs};
    return add_op(model, &layer, params, in, n_in, out, n_out);
}

glia_value glia_model_custom(glia_model *model, const glia_custom_params *params, const glia_value *in, int n_in,
                             glia_value *out, int n_out) {
    make_invalid(out, n_out);
    if (!model) return (glia_value){-1};
    const glia_custom_op *op = params ? params->op : NULL;
    if (!op || !op->name) return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "glia_model_custom: params name no op");
    const op_layer layer = {"glia_model_custom", op->name, &gli_op_custom,
                            op->n_out < GLIA_CUSTOM_TENSORS ? op->n_out : GLIA_CUSTOM_TENSORS};
    return add_op(model, &layer, params, in, n_in, out, n_out);
}

static glia_shape shape_of(int ndim, const int64_t *dim) {
    glia_shape shape = {.ndim = ndim};
    memcpy(shape.dim, dim, (size_t)ndim * sizeof *dim);
    return shape;
}

static glia_value emit_input(const gli_emission *e, int i) {
    const gli_input_info *input = &e->model->inputs[i];
    const glia_tensor *nominal  = &e->model->values[input->value].shape;
    glia_shape shape            = shape_of(nominal->ndim, nominal->dim);
    shape.dim[0]                = e->batch;
    const glia_value value = e->given ? e->given[i] : glia_graph_input(e->graph, input->name, e->input_dtype[i], shape);
    if (e->input_dtype[i] == nominal->dtype) return value;
    glia_value converted;
    return gli_graph_call(e->graph, &gli_op_cast, &(glia_cast_params){.dtype = nominal->dtype}, &value, 1, &converted,
                          1);
}

glia_value gli_emit_counter(const gli_emission *e, int counter) {
    return gli_graph_view(e->graph, e->counters, counter, GLIA_SCALAR);
}

void gli_model_emit(gli_emission *e) {
    const glia_model *model = e->model;
    for (int i = 1; i < model->n_values; ++i) {
        const gli_recipe_value *value = &model->values[i];
        if (value->source == GLI_FROM_INPUT) e->map[i] = emit_input(e, value->index);
        if (value->source == GLI_FROM_WEIGHT) {
            const gli_weight *weight = &model->weights[value->index];
            e->map[i] = gli_graph_view(e->graph, e->vector, weight->offset, shape_of(weight->ndim, weight->dim));
        }
    }
    for (int i = 0; i < model->n_nodes; ++i) {
        const gli_recipe_node *node = &model->nodes[i];
        glia_value in[GLI_MAX_IN]   = {{0}};
        glia_value out[GLI_MAX_OUT] = {{0}};
        for (int k = 0; k < node->n_in; ++k)
            if (node->in[k]) in[k] = e->map[node->in[k]];
        gli_graph_set_label(e->graph, model->layers[node->layer].label);
        if (node->emit)
            node->emit(e, node, in, out);
        else
            gli_graph_call(e->graph, node->op, node->params, in, node->n_in, out, node->n_out);
        for (int k = 0; k < node->n_out; ++k) e->map[node->out[k]] = out[k];
    }
    gli_graph_set_label(e->graph, NULL);
}
