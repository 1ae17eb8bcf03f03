/* From a model to a file: its nodes one after the other, each as the row of its op says. */
#include "onnx/onnx_export.h"

#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "glia/custom.h"
#include "nn/emission.h"

/* A state that carries over from batch to batch begins with zeros, as where it is absent. */
static int input_of(const gli_model_node *node, int i) {
    const bool state = node->emitter && (node->emitter->states >> i & 1);
    return state ? 0 : node->in[i];
}

static const gli_layer *layer_of(const gli_onnx_export *ex, const gli_model_node *node) {
    return &ex->model->layers[node->layer];
}

/* ---- What outputs need ---- */

static void find_needed(const gli_onnx_export *ex) {
    const glia_model *model  = ex->model;
    gli_onnx_written *values = ex->values;
    for (int i = 0; i < ex->n_outputs; ++i) values[ex->outputs[i].value].needed = true;
    for (int n = model->n_nodes - 1; n >= 0; --n) {
        const gli_model_node *node = &model->nodes[n];
        bool needed                = false;
        for (int o = 0; o < node->n_out; ++o) needed = needed || values[node->out[o]].needed;
        for (int i = 0; needed && i < node->n_in; ++i) values[input_of(node, i)].needed = true;
    }
}

static bool is_needed(const gli_onnx_export *ex, const gli_model_node *node) {
    for (int o = 0; o < node->n_out; ++o)
        if (ex->values[node->out[o]].needed) return true;
    return false;
}

/* Before weights are read. */
static glia_status check_ops(const gli_onnx_export *ex) {
    for (int n = 0; n < ex->model->n_nodes; ++n) {
        const gli_model_node *node = &ex->model->nodes[n];
        if (!is_needed(ex, node) || gli_onnx_row_of(node->op)) continue;
        const bool custom = node->op == &gli_op_custom;
        return gli_fail(ex->ctx, GLIA_UNSUPPORTED, "glia_onnx_save: %s: %s: op %s%s%s: ONNX has no operator for it",
                        ex->path, layer_of(ex, node)->label, node->op->name, custom ? " " : "",
                        custom ? ((const glia_custom_params *)node->params)->op->name : "");
    }
    return GLIA_OK;
}

/* ---- Shapes with another batch: what differs depends on it ---- */

static void set_leaf(const gli_onnx_export *ex, int id) {
    const gli_model_value *value = &ex->model->values[id];
    gli_onnx_written *w          = &ex->values[id];
    w->dtype                     = value->shape.dtype;
    for (int i = 0; i < value->shape.ndim; ++i) gli_onnx_add_dim(&w->shape, value->shape.dim[i], value->shape.dim[i]);
    if (value->source == GLI_SOURCE_INPUT && value->batched) w->shape.other[0] = GLI_ONNX_OTHER_BATCH;
}

static glia_status resolve_other(const gli_onnx_export *ex, const gli_model_node *node) {
    _Alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    glia_tensor shapes[GLI_MAX_IN];
    const glia_tensor *in[GLI_MAX_IN];
    gli_resolution r;
    for (int i = 0; i < node->n_in; ++i) {
        const int id = input_of(node, i);
        shapes[i]    = (glia_tensor){.ctx = ex->ctx};
        in[i]        = id ? &shapes[i] : NULL;
        if (id) gli_set_shape(&shapes[i], ex->values[id].dtype, ex->values[id].shape.ndim, ex->values[id].shape.other);
    }
    GLI_TRY(gli_resolve(ex->ctx, node->op, node->params, node->n_in, in, geom, &r));
    for (int o = 0; o < node->n_out; ++o) {
        gli_onnx_written *w      = &ex->values[node->out[o]];
        const glia_tensor *shape = &ex->model->values[node->out[o]].shape;
        w->dtype                 = shape->dtype;
        for (int i = 0; i < shape->ndim; ++i) gli_onnx_add_dim(&w->shape, shape->dim[i], r.out[o].dim[i]);
    }
    return GLIA_OK;
}

static glia_status find_shapes(const gli_onnx_export *ex) {
    _Static_assert((int)GLI_ONNX_ONE_BATCH == (int)GLI_NOMINAL_BATCH,
                   "shapes of the definition are those of one batch");
    glia_status status = GLIA_OK;
    for (int id = 1; id < ex->model->n_values; ++id)
        if (ex->model->values[id].source != GLI_SOURCE_NODE) set_leaf(ex, id);
    for (int n = 0; n < ex->model->n_nodes && status == GLIA_OK; ++n) {
        const gli_model_node *node = &ex->model->nodes[n];
        if (!is_needed(ex, node)) continue;
        gli_set_scope(ex->ctx, "glia_onnx_save: %s: %s: with a batch of %d: ", ex->path, layer_of(ex, node)->label,
                      GLI_ONNX_OTHER_BATCH);
        status = resolve_other(ex, node);
    }
    gli_set_scope(ex->ctx, NULL);
    return status;
}

/* ---- Leaves ---- */

static glia_status add_weights(gli_onnx_export *ex) {
    for (int id = 1; id < ex->model->n_values; ++id) {
        const gli_model_value *value = &ex->model->values[id];
        gli_onnx_written *w          = &ex->values[id];
        void *data;
        if (value->source != GLI_SOURCE_WEIGHT || !w->needed) continue;
        const gli_weight *weight = &ex->model->weights[value->index];
        gli_set_scope(ex->ctx, "glia_onnx_save: %s: ", ex->path);
        w->name = gli_onnx_hold(ex, weight->name, w->dtype, weight->ndim, weight->dim, &data);
        gli_set_scope(ex->ctx, NULL);
        GLI_TRY(ex->status);
        GLI_TRY(gli_weight_read(ex->model, "glia_onnx_save", weight, data));
    }
    return GLIA_OK;
}

static void name_ports(gli_onnx_export *ex) {
    for (int i = 0; i < ex->model->n_inputs; ++i)
        ex->values[ex->model->inputs[i].value].name = gli_onnx_unique(ex, ex->model->inputs[i].name);
    for (int i = 0; i < ex->n_outputs; ++i) ex->outputs[i].name = gli_onnx_unique(ex, ex->outputs[i].name);
}

/* ---- Nodes ---- */

/* Gives a result of one of the nodes from `first` on another name; false: it is of none of them. */
static bool rename_result(const gli_onnx_export *ex, int first, const char *from, const char *to) {
    bool found = false;
    for (int n = first; n < ex->n_nodes; ++n) {
        const Onnx__NodeProto *node = ex->nodes[n];
        for (size_t i = 0; i < node->n_input; ++i)
            if (node->input[i] == from) node->input[i] = (char *)to;
        for (size_t o = 0; o < node->n_output; ++o)
            if (node->output[o] == from) node->output[o] = (char *)to, found = true;
    }
    return found;
}

static bool made_since(const gli_onnx_export *ex, int first, const char *name) {
    return rename_result(ex, first, name, name);
}

/* A value that is an output has its name, what else a layer gives that of the layer. */
static void name_result(gli_onnx_export *ex, int first, const gli_model_node *node, int o, const char *name) {
    const gli_layer *layer = layer_of(ex, node);
    const char *better     = NULL;
    for (int i = ex->n_outputs - 1; i >= 0; --i)
        if (ex->outputs[i].value == node->out[o]) better = ex->outputs[i].name;
    if (made_since(ex, first, name)) {
        if (!better && layer->output == node->out[o]) better = gli_onnx_unique(ex, layer->name);
        if (better && rename_result(ex, first, name, better)) name = better;
    }
    ex->values[node->out[o]].name = name;
}

static void add_node(gli_onnx_export *ex, const gli_model_node *node) {
    gli_onnx_op_call c     = {.ex     = ex,
                              .row    = gli_onnx_row_of(node->op),
                              .node   = node,
                              .op     = node->op,
                              .params = node->params,
                              .n_in   = node->n_in};
    const gli_layer *layer = layer_of(ex, node);
    const int first        = ex->n_nodes;
    for (int i = 0; i < node->n_in; ++i) {
        const int id = input_of(node, i);
        c.x[i]       = id ? &ex->values[id] : NULL;
        c.in[i]      = id ? ex->values[id].name : NULL;
    }
    for (int o = 0; o < node->n_out; ++o) c.y[o] = &ex->values[node->out[o]];
    ex->layer = layer->name;
    gli_set_scope(ex->ctx, "glia_onnx_save: %s: %s: op %s: ", ex->path, layer->label, node->op->name);
    if (c.row->write) {
        c.row->write(&c);
    } else {
        c.out[0] = gli_onnx_add(ex, c.row->name, c.n_in, c.in);
        gli_onnx_set_params(&c);
    }
    for (int o = 0; o < node->n_out; ++o) {
        if (c.y[o]->needed && !c.out[o])
            gli_onnx_refuse(ex, "its output '%s' is none of ONNX", node->op->outputs[o].name);
        if (c.out[o] && gli_onnx_going(ex)) name_result(ex, first, node, o, c.out[o]);
    }
    gli_set_scope(ex->ctx, NULL);
}

/* An output that is an input, a weight, or another output is a copy of it. */
static void add_copies(gli_onnx_export *ex) {
    ex->layer = "output";
    for (int i = 0; i < ex->n_outputs && gli_onnx_going(ex); ++i) {
        const char *name = ex->values[ex->outputs[i].value].name;
        const int first  = ex->n_nodes;
        if (name == ex->outputs[i].name) continue;
        rename_result(ex, first, gli_onnx_add(ex, "Identity", 1, &name), ex->outputs[i].name);
    }
}

glia_status gli_onnx_export_all(gli_onnx_export *ex) {
    find_needed(ex);
    GLI_TRY(check_ops(ex));
    GLI_TRY(find_shapes(ex));
    GLI_TRY(add_weights(ex));
    name_ports(ex);
    for (int n = 0; n < ex->model->n_nodes && gli_onnx_going(ex); ++n)
        if (is_needed(ex, &ex->model->nodes[n])) add_node(ex, &ex->model->nodes[n]);
    add_copies(ex);
    for (int n = 0; n < ex->n_nodes && gli_onnx_going(ex); ++n) ex->nodes[n]->name = ex->nodes[n]->output[0];
    return ex->status;
}
