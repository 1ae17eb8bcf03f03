/* Shapes are inferred while layers are added, with GLI_NOMINAL_BATCH samples. What only goes with so many, such as a
 * broadcast along the batch where a dimension happens to be as long, does not go with one more. */
#include <stdio.h>

#include "graph/graph_impl.h"
#include "train/step.h"

enum { OTHER_BATCH = GLI_NOMINAL_BATCH + 1 };

static glia_status check_outputs(const glia_model *model, const gli_emission *e) {
    for (int i = 0; i < model->training->n_outputs; ++i) {
        const glia_shape shape = glia_graph_shape(e->graph, e->map[model->training->outputs[i].value]);
        GLI_REQUIRE(model->ctx, shape.ndim > 0 && shape.dim[0] == OTHER_BATCH, GLIA_SHAPE_MISMATCH,
                    "output %d is %s: its first dimension is not the batch", i,
                    gli_shape_text(shape.ndim, shape.dim, (char[GLI_SHAPE_TEXT]){0}));
    }
    return GLIA_OK;
}

static glia_status emit(glia_model *model, const gli_weight_layout *layout, glia_graph *graph, glia_value *map) {
    gli_emission e = {.model = model, .graph = graph, .batch = OTHER_BATCH, .map = map};
    for (int i = 0; i < model->n_inputs; ++i) e.input_dtype[i] = model->values[model->inputs[i].value].shape.dtype;
    gli_emission_weights(&e, layout->vector, layout->half);
    e.step = glia_graph_constant(graph, GLIA_I64, GLIA_SCALAR, 0);
    gli_model_emit(&e);
    GLI_TRY(glia_graph_status(graph));
    return check_outputs(model, &e);
}

glia_status gli_check_other_batch(glia_model *model, const gli_weight_layout *layout) {
    char words[64];
    glia_graph *graph;
    void *map;
    if (model->stateful_batch) return GLIA_OK; /* there is no other */
    GLI_TRY(gli_new(model->ctx, (size_t)model->n_values, sizeof(glia_value), "a graph", &map));
    glia_status status = glia_graph_create(model->ctx, &graph);
    if (status == GLIA_OK) {
        status = emit(model, layout, graph, map);
        glia_graph_destroy(graph);
    }
    gli_free(model->ctx, map, (size_t)model->n_values, sizeof(glia_value));
    if (status == GLIA_OK || status == GLIA_OUT_OF_MEMORY) return status;
    snprintf(words, sizeof words, "glia_model_compile: of batches of %d samples", (int)OTHER_BATCH);
    return gli_explain(model->ctx, status, words);
}
