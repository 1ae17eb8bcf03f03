/* Layers, by number and by name; values by the names of inputs, layers and weights. */
#include <string.h>

#include "core/print.h"
#include "glia/inside.h"
#include "nn/model_impl.h"

gli_layer *gli_model_find_layer(const glia_model *model, const char *name) {
    for (int i = 0; i < model->n_layers; ++i)
        if (strcmp(model->layers[i].name, name) == 0) return &model->layers[i];
    return NULL;
}

static int value_of_weight(const glia_model *model, const gli_weight *weight) {
    for (int i = 1; weight && i < model->n_values; ++i)
        if (model->values[i].source == GLI_SOURCE_WEIGHT && &model->weights[model->values[i].index] == weight) return i;
    return 0;
}

int gli_model_find_value(const glia_model *model, const char *name, bool weights) {
    for (int i = 0; i < model->n_inputs; ++i)
        if (strcmp(model->inputs[i].name, name) == 0) return model->inputs[i].value;
    const gli_layer *layer = gli_model_find_layer(model, name);
    if (layer) return layer->output;
    return weights ? value_of_weight(model, gli_model_find_weight(model, name)) : 0;
}

/* What names are listed of. */
typedef struct listed {
    const glia_model *model;
    bool weights;
} listed;

/* Name `index` of inputs, layers and weights in a row; NULL: past the end. */
static const char *name_at(const void *of, int index) {
    const listed *list      = of;
    const glia_model *model = list->model;
    if (index < model->n_inputs) return model->inputs[index].name;
    index -= model->n_inputs;
    if (index < model->n_layers) return model->layers[index].name;
    index -= model->n_layers;
    return list->weights && index < model->n_weights ? model->weights[index].name : NULL;
}

const char *gli_model_names_text(const glia_model *model, bool weights, char text[GLI_NAMES_TEXT]) {
    return gli_join_names(name_at, &(listed){model, weights}, text, GLI_NAMES_TEXT);
}

int glia_model_layer_count(const glia_model *model) { return model ? model->n_layers : 0; }

int glia_model_layer_index(const glia_model *model, const char *name) {
    const gli_layer *layer = model && name ? gli_model_find_layer(model, name) : NULL;
    return layer ? (int)(layer - model->layers) : -1;
}

glia_field glia_model_layer(const glia_model *model, int index) {
    if (!model || index < 0 || index >= model->n_layers) return (glia_field){0};
    const gli_layer *layer = &model->layers[index];
    glia_field field       = {.name = layer->name};
    if (layer->output <= 0) return field; /* it failed */
    const gli_model_value *value = &model->values[layer->output];
    const int batch              = value->batched && value->shape.ndim > 0;
    field.dtype                  = value->shape.dtype;
    field.shape.ndim             = value->shape.ndim - batch;
    memcpy(field.shape.dim, value->shape.dim + batch, (size_t)field.shape.ndim * sizeof *field.shape.dim);
    return field;
}
