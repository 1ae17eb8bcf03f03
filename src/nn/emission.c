#include "nn/emission.h"

#include <string.h>

#include "glia/ops/movement.h"
#include "graph/graph_impl.h"

const gli_emitter *gli_emitter_of(const gli_op *op, int n_with) {
    static const gli_emitter *const emitters[] = {&gli_emitter_dropout, &gli_emitter_batchnorm,
                                                  &gli_emitter_batchrenorm, &gli_emitter_rnn};
    for (size_t i = 0; i < sizeof emitters / sizeof *emitters; ++i)
        if (emitters[i]->op == op && emitters[i]->n_with == n_with) return emitters[i];
    return NULL;
}

const gli_weight *gli_node_weight(const glia_model *model, const gli_model_node *node, int i) {
    return gli_weight_of_value(model, node->in[i]);
}

const gli_weight *gli_weight_of_value(const glia_model *model, int id) {
    if (id <= 0 || id >= model->n_values || model->values[id].source != GLI_SOURCE_WEIGHT) return NULL;
    return &model->weights[model->values[id].index];
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

void gli_emission_weights(gli_emission *e, glia_tensor *vector, glia_tensor *half) {
    e->vector = glia_graph_tensor(e->graph, "weights", vector);
    if (half) e->half = glia_graph_tensor(e->graph, "weights in halves", half);
}

static glia_value emit_weight(const gli_emission *e, const gli_model_value *value) {
    const gli_weight *weight = &e->model->weights[value->index];
    return gli_graph_view(e->graph, gli_reads_half(e->model, value) ? e->half : e->vector, weight->offset,
                          shape_of(weight->ndim, weight->dim));
}

void gli_model_emit(gli_emission *e) {
    const glia_model *model = e->model;
    for (int i = 1; i < model->n_values; ++i) {
        const gli_model_value *value = &model->values[i];
        if (value->source == GLI_SOURCE_INPUT) e->map[i] = emit_input(e, value->index);
        if (value->source == GLI_SOURCE_WEIGHT) e->map[i] = emit_weight(e, value);
    }
    for (int i = 0; i < model->n_nodes; ++i) {
        const gli_model_node *node  = &model->nodes[i];
        glia_value in[GLI_MAX_IN]   = {{0}};
        glia_value out[GLI_MAX_OUT] = {{0}};
        for (int k = 0; k < node->n_in; ++k)
            if (node->in[k]) in[k] = e->map[node->in[k]];
        gli_graph_set_label(e->graph, model->layers[node->layer].label);
        if (node->emitter)
            node->emitter->emit(e, node, in, out);
        else
            gli_graph_call(e->graph, node->op, node->params, in, node->n_in, out, node->n_out);
        for (int k = 0; k < node->n_out; ++k) e->map[node->out[k]] = out[k];
    }
    gli_graph_set_label(e->graph, NULL);
}
