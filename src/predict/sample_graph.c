#include "predict/sample_graph.h"

#include "core/dtype.h"
#include "graph/graph_impl.h"
#include "nn/emission.h"
#include "train/training.h"

static void name_weights(const gli_emission *e) {
    for (int i = 1; i < e->model->n_values; ++i) {
        const gli_model_value *value = &e->model->values[i];
        if (value->source == GLI_SOURCE_WEIGHT && e->map[i].id > 0)
            e->graph->values[e->map[i].id].name = e->model->weights[value->index].name;
    }
}

glia_status gli_sample_graph(glia_model *model, glia_graph *graph, glia_value *outputs) {
    void *map = NULL;
    GLI_TRY(gli_weights_refresh(model));
    GLI_TRY(gli_new(model->ctx, (size_t)model->n_values, sizeof(glia_value), "the graph of a sample", &map));
    gli_emission e = {.model = model, .graph = graph, .stateless = true, .batch = 1, .map = map};
    for (int i = 0; i < model->n_inputs; ++i)
        e.input_dtype[i] = gli_dtype_wide(model->values[model->inputs[i].value].shape.dtype);
    gli_emission_weights(&e, model->vector, model->half);
    gli_model_emit(&e);
    name_weights(&e);
    for (int i = 0; i < model->training->n_outputs; ++i) outputs[i] = e.map[model->training->outputs[i].value];
    gli_free(model->ctx, map, (size_t)model->n_values, sizeof(glia_value));
    GLI_TRY(glia_graph_status(graph));
    return gli_graph_fuse(graph, outputs, model->training->n_outputs);
}
