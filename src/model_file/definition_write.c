/* The definition of a model as a text. Values are numbered as they come: an input or a weight is one, a call of an op
 * has as many as it has outputs. */
#include <string.h>

#include "glia/custom.h"
#include "model_file/format.h"

static void put_count(gli_json_text *w, const char *key, int64_t count) {
    if (count == 0) return;
    gli_json_key(w, key);
    gli_json_put_integer(w, count);
}

static void put_flag(gli_json_text *w, const char *key, bool flag) {
    if (!flag) return;
    gli_json_key(w, key);
    gli_json_put_bool(w, true);
}

static void put_number(gli_json_text *w, const char *key, double number) {
    if (number == 0) return;
    gli_json_key(w, key);
    gli_json_put_double(w, number);
}

static void put_named(gli_json_text *w, const char *key, const char *text) {
    gli_json_key(w, key);
    gli_json_put_string(w, text);
}

/* As the last compile took it, from which the optimizer's state follows. */
static bool is_frozen(const glia_model *model, const gli_weight *weight) {
    return model->compiled && !weight->buffer ? weight->offset >= model->trained : weight->frozen;
}

static const gli_weight_rules *rules_of(const glia_model *model, const gli_weight *weight) {
    const gli_compiled *c = model->compiled ? &model->training->compiled : NULL;
    for (int i = 0; c && i < c->n_groups; ++i)
        if (weight->offset >= c->groups[i].begin && weight->offset < c->groups[i].end) return &c->groups[i].rules;
    return &weight->rules;
}

static void put_optional(gli_json_text *w, const char *key, glia_optional number) {
    if (!number.set) return;
    gli_json_key(w, key);
    gli_json_put_double(w, number.value);
}

static void put_rules(gli_json_text *w, const gli_weight_rules *rules) {
    put_optional(w, "rate_scale", rules->rate_scale);
    put_optional(w, "weight_decay", rules->weight_decay);
    put_optional(w, "l1", rules->l1);
}

static void put_weight(gli_json_text *w, const glia_model *model, const char *key, const gli_weight *weight) {
    glia_shape shape = {.ndim = weight->ndim};
    memcpy(shape.dim, weight->dim, sizeof shape.dim);
    gli_json_open(w, '{');
    gli_json_key(w, key);
    gli_json_open(w, '{');
    put_named(w, "name", weight->name);
    gli_json_key(w, "shape");
    gli_json_put_shape(w, &shape);
    put_named(w, "init", gli_init_words[weight->init.kind]);
    put_number(w, "a", weight->init.a);
    put_number(w, "b", weight->init.b);
    put_count(w, "fan_in", weight->fan_in);
    put_count(w, "fan_out", weight->fan_out);
    put_count(w, "zero_row", weight->zero_row);
    put_flag(w, "frozen", is_frozen(model, weight));
    put_flag(w, "buffer", weight->buffer);
    put_flag(w, "state", weight->state);
    put_rules(w, rules_of(model, weight));
    gli_json_close(w, '}');
    gli_json_close(w, '}');
}

static void put_custom(gli_json_text *w, const glia_custom_params *params) {
    put_named(w, "custom", params->op->name);
    gli_json_key(w, "numbers");
    gli_json_open(w, '[');
    for (int i = 0; i < GLIA_CUSTOM_NUMBERS; ++i) gli_json_put_double(w, params->number[i]);
    gli_json_close(w, ']');
}

static void put_call(gli_json_text *w, const gli_model_node *node) {
    gli_json_open(w, '{');
    gli_json_key(w, "call");
    gli_json_open(w, '{');
    put_named(w, "op", node->op->name);
    if (node->op == &gli_op_custom) put_custom(w, node->params);
    if (node->op->n_params > 0) {
        gli_json_key(w, "params");
        gli_params_put(w, node->op, node->params);
    }
    gli_json_key(w, "in");
    gli_json_open(w, '[');
    for (int i = 0; i < node->n_in; ++i) gli_json_put_integer(w, node->in[i]);
    gli_json_close(w, ']');
    if (node->n_with > 0) {
        gli_json_key(w, "with");
        gli_json_open(w, '[');
        for (int i = 0; i < node->n_with; ++i) gli_json_put_integer(w, node->with[i]);
        gli_json_close(w, ']');
    }
    gli_json_key(w, "out");
    gli_json_put_integer(w, node->n_out);
    put_flag(w, "as_layer", node->emitter != NULL);
    gli_json_close(w, '}');
    gli_json_close(w, '}');
}

/* Whether value v was made in the layer. */
static bool is_of(const glia_model *model, const gli_layer *layer, int v) {
    const gli_model_value *value = &model->values[v];
    const int first[]            = {[GLI_SOURCE_WEIGHT] = layer->first_weight, [GLI_SOURCE_NODE] = layer->first_node};
    const int end[]              = {[GLI_SOURCE_WEIGHT] = layer->end_weight, [GLI_SOURCE_NODE] = layer->end_node};
    return v < model->n_values && value->source != GLI_SOURCE_INPUT && value->index >= first[value->source] &&
           value->index < end[value->source];
}

/* With all values from v on that are the layer's; the number of the next one is returned. */
static int put_layer(gli_json_text *w, const glia_model *model, const gli_layer *layer, int v) {
    gli_json_open(w, '{');
    gli_json_key(w, "layer");
    gli_json_open(w, '{');
    put_named(w, "name", layer->name);
    put_named(w, "kind", layer->kind);
    put_flag(w, "frozen", model->compiled ? layer->frozen_in_graphs : layer->frozen);
    gli_json_key(w, "parts");
    gli_json_open(w, '[');
    while (is_of(model, layer, v)) {
        const gli_model_value *value = &model->values[v];
        const bool weight            = value->source == GLI_SOURCE_WEIGHT;
        if (weight)
            put_weight(w, model, "weight", &model->weights[value->index]);
        else
            put_call(w, &model->nodes[value->index]);
        v += weight ? 1 : model->nodes[value->index].n_out;
    }
    gli_json_close(w, ']');
    gli_json_key(w, "output");
    gli_json_put_integer(w, layer->output);
    gli_json_close(w, '}');
    gli_json_close(w, '}');
    return v;
}

static void put_input(gli_json_text *w, const glia_model *model, const gli_input_info *input) {
    const glia_tensor *nominal = &model->values[input->value].shape;
    glia_shape shape           = {.ndim = nominal->ndim - 1};
    memcpy(shape.dim, nominal->dim + 1, (size_t)shape.ndim * sizeof *shape.dim);
    gli_json_open(w, '{');
    gli_json_key(w, "input");
    gli_json_open(w, '{');
    put_named(w, "name", input->name);
    put_named(w, "dtype", glia_dtype_name(nominal->dtype));
    gli_json_key(w, "shape");
    gli_json_put_shape(w, &shape);
    gli_json_close(w, '}');
    gli_json_close(w, '}');
}

/* Whether the layer, which is the next one, comes before value v. One without parts gives a value that it was given. */
static bool comes_next(const glia_model *model, const gli_layer *layer, int v) {
    const bool empty = layer->first_weight == layer->end_weight && layer->first_node == layer->end_node;
    return empty ? v > layer->output : is_of(model, layer, v);
}

void gli_definition_put(gli_json_text *w, const glia_model *model) {
    gli_json_open(w, '{');
    put_named(w, "dtype", glia_dtype_name(model->compute));
    gli_json_key(w, "items");
    gli_json_open(w, '[');
    for (int v = 1, next = 0; v < model->n_values || next < model->n_layers;) {
        const gli_model_value *value = &model->values[v];
        if (next < model->n_layers && comes_next(model, &model->layers[next], v))
            v = put_layer(w, model, &model->layers[next++], v);
        else if (value->source == GLI_SOURCE_INPUT)
            put_input(w, model, &model->inputs[value->index]), ++v;
        else
            put_weight(w, model, "parameter", &model->weights[value->index]), ++v;
    }
    gli_json_close(w, ']');
    gli_json_close(w, '}');
}
