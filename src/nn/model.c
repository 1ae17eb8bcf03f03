/* Models as recipes: values, layers, weights, nodes. */
#include "nn/model_impl.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"

glia_status glia_model_create(glia_context *ctx, const glia_model_args *args, glia_model **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_dtype dtype = args ? args->dtype : GLIA_F32;
    void *memory           = NULL;
    glia_status status     = GLIA_OK;
    if (!out)
        status = gli_fail(ctx, GLIA_INVALID_ARGUMENT, "glia_model_create: out is NULL");
    else if (dtype != GLIA_F32 && dtype != GLIA_F64)
        status = gli_fail(ctx, GLIA_DTYPE_MISMATCH, "glia_model_create: dtype is %s, must be f32 or f64",
                          glia_dtype_name(dtype));
    else
        status = gli_new(ctx, 1, sizeof **out, "a model", &memory);
    if (status == GLIA_OK) {
        glia_model *model = memory;
        model->ctx        = ctx;
        model->dtype      = dtype;
        model->n_values   = 1;
        gli_context_retain(ctx);
        *out = model;
    }
    gli_leave(ctx);
    return status;
}

void glia_model_destroy(glia_model *model) {
    if (!model) return;
    glia_context *ctx = model->ctx;
    gli_training_free(ctx, &model->training);
    for (int i = 0; i < model->n_nodes; ++i) gli_free(ctx, model->nodes[i].params, 1, model->nodes[i].op->params_size);
    for (int i = 0; i < model->n_weights; ++i) gli_block_free(ctx, &model->weights[i].pending);
    for (int i = 0; i < model->n_outputs; ++i)
        gli_free(ctx, model->outputs[i].class_weight, (size_t)model->outputs[i].classes, sizeof(float));
    gli_free(ctx, model->values, (size_t)model->cap_values, sizeof *model->values);
    gli_free(ctx, model->nodes, (size_t)model->cap_nodes, sizeof *model->nodes);
    gli_free(ctx, model->layers, (size_t)model->cap_layers, sizeof *model->layers);
    gli_free(ctx, model->weights, (size_t)model->cap_weights, sizeof *model->weights);
    gli_free(ctx, model->inputs, (size_t)model->cap_inputs, sizeof *model->inputs);
    gli_free(ctx, model, 1, sizeof *model);
    gli_context_release(ctx);
}

glia_status glia_model_status(const glia_model *model) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(gli_enter(model->ctx));
    if (model->failure != GLIA_OK) gli_fail(model->ctx, model->failure, "%s", model->message);
    const glia_status status = model->failure;
    gli_leave(model->ctx);
    return status;
}

glia_value gli_model_take_failure(glia_model *model, glia_status status) {
    if (model->failure == GLIA_OK && status != GLIA_OK) {
        model->failure = status;
        snprintf(model->message, sizeof model->message, "%s", model->ctx->message);
    }
    gli_set_scope(model->ctx, NULL);
    return (glia_value){-1};
}

/* A device that does not answer is the model's failure; what another thread is using is not touched. */
static bool enter(glia_model *model) {
    const glia_status status = gli_enter(model->ctx);
    if (status != GLIA_OK && status != GLIA_BUSY) gli_model_take_failure(model, status);
    return status == GLIA_OK;
}

glia_value gli_model_fail(glia_model *model, glia_status status, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!enter(model)) return (glia_value){-1};
    const glia_value failed = gli_model_take_failure(model, gli_fail(model->ctx, status, "%s", text));
    gli_leave(model->ctx);
    return failed;
}

const glia_tensor *gli_model_shape(const glia_model *model, glia_value value) {
    return value.id > 0 && value.id < model->n_values ? &model->values[value.id].shape : NULL;
}

/* Makes room for one more element of an array of the model. */
static glia_status room(glia_model *model, void *array, int *capacity, int count, size_t size) {
    return gli_grow(model->ctx, array, capacity, count + 1, size, "a model");
}

static glia_value add_value(glia_model *model, const glia_tensor *shape, gli_source source, int index, bool batched) {
    const glia_status status = room(model, &model->values, &model->cap_values, model->n_values, sizeof *model->values);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    gli_recipe_value *value = &model->values[model->n_values];
    *value                  = (gli_recipe_value){.source = source, .index = index, .batched = batched};
    gli_set_shape(&value->shape, shape->dtype, shape->ndim, shape->dim);
    value->shape.ctx = model->ctx;
    model->compiled  = false;
    return (glia_value){model->n_values++};
}

static bool name_taken(const glia_model *model, const char *name) {
    for (int i = 0; i < model->n_layers; ++i)
        if (strcmp(model->layers[i].name, name) == 0) return true;
    for (int i = 0; i < model->n_inputs; ++i)
        if (strcmp(model->inputs[i].name, name) == 0) return true;
    return false;
}

/* Copies the name, or makes "kind", "kind_1", ... */
static bool choose_name(glia_model *model, const char *kind, const char *name, char *out) {
    const int length = snprintf(out, GLI_NAME_SIZE, "%s", name ? name : kind);
    for (int i = 1; !name && name_taken(model, out); ++i) snprintf(out, GLI_NAME_SIZE, "%s_%d", kind, i);
    if (length < 1 || length > GLI_NAME_LIMIT)
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%s: the name '%.48s' has %d characters, must have 1 to %d", kind,
                       out, length, GLI_NAME_LIMIT);
    else if (name_taken(model, out))
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%s: the name '%s' is taken", kind, out);
    else
        return true;
    return false;
}

static bool begin(glia_model *model, const char *kind, const char *name, const glia_value *in, int n_in, bool frozen) {
    if (model->failure != GLIA_OK) return false;
    char chosen[GLI_NAME_SIZE];
    if (!choose_name(model, kind, name, chosen)) return false;
    for (int i = 0; i < n_in; ++i) {
        if (gli_model_shape(model, in[i])) continue;
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "layer '%s': input %d is not a value of this model", chosen, i);
        return false;
    }
    const glia_status status = room(model, &model->layers, &model->cap_layers, model->n_layers, sizeof *model->layers);
    if (status != GLIA_OK) return gli_model_take_failure(model, status), false;
    gli_layer *layer = &model->layers[model->n_layers++];
    *layer =
        (gli_layer){.kind = kind, .first_weight = model->n_weights, .end_weight = model->n_weights, .frozen = frozen};
    memcpy(layer->name, chosen, sizeof chosen);
    snprintf(layer->label, sizeof layer->label, "layer '%.*s'", GLI_NAME_LIMIT, chosen);
    gli_set_scope(model->ctx, "%s: ", layer->label);
    return true;
}

bool gli_layer_begin(glia_model *model, const char *kind, const char *name, const glia_value *in, int n_in,
                     bool frozen) {
    if (!model || !enter(model)) return false;
    const bool begun = begin(model, kind, name, in, n_in, frozen);
    if (!begun) gli_leave(model->ctx);
    return begun;
}

glia_value gli_layer_end(glia_model *model, glia_value output) {
    gli_layer *layer  = &model->layers[model->n_layers - 1];
    layer->output     = output.id;
    layer->end_weight = model->n_weights;
    gli_set_scope(model->ctx, NULL);
    gli_leave(model->ctx);
    return output;
}

static glia_value add_input(glia_model *model, const char *name, glia_dtype dtype, glia_shape shape) {
    if (model->failure != GLIA_OK) return (glia_value){-1};
    char chosen[GLI_NAME_SIZE];
    if (!choose_name(model, "input", name, chosen)) return (glia_value){-1};
    glia_status status = gli_shape_check(model->ctx, chosen, dtype, shape);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    if (shape.ndim == GLIA_MAX_DIMS)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "input '%s': %d dimensions and the batch, %d are possible",
                              chosen, shape.ndim, GLIA_MAX_DIMS);
    if (model->n_inputs == GLIA_MAX_FIELDS)
        return gli_model_fail(model, GLIA_UNSUPPORTED, "input '%s': a model has at most %d inputs", chosen,
                              GLIA_MAX_FIELDS);
    status = room(model, &model->inputs, &model->cap_inputs, model->n_inputs, sizeof *model->inputs);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    glia_tensor with_batch     = {0};
    int64_t dim[GLIA_MAX_DIMS] = {GLI_RECIPE_BATCH};
    memcpy(dim + 1, shape.dim, (size_t)shape.ndim * sizeof *dim);
    gli_set_shape(&with_batch, dtype, shape.ndim + 1, dim);
    const glia_value value = add_value(model, &with_batch, GLI_FROM_INPUT, model->n_inputs, true);
    if (value.id < 0) return value;
    gli_input_info *input = &model->inputs[model->n_inputs++];
    memcpy(input->name, chosen, sizeof chosen);
    input->value = value.id;
    return value;
}

static glia_value enter_and_add_input(glia_model *model, const char *name, glia_dtype dtype, glia_shape shape) {
    if (!enter(model)) return (glia_value){-1};
    const glia_value value = add_input(model, name, dtype, shape);
    gli_leave(model->ctx);
    return value;
}

glia_value glia_model_input(glia_model *model, const char *name, glia_shape shape) {
    return model ? enter_and_add_input(model, name, model->dtype, shape) : (glia_value){-1};
}

glia_value glia_model_index_input(glia_model *model, const char *name, glia_dtype dtype, glia_shape shape) {
    if (!model) return (glia_value){-1};
    if (dtype != GLIA_I32 && dtype != GLIA_I64)
        return gli_model_fail(model, GLIA_DTYPE_MISMATCH, "glia_model_index_input: dtype is %s, must be i32 or i64",
                              glia_dtype_name(dtype));
    return enter_and_add_input(model, name, dtype, shape);
}

gli_weight *gli_model_find_weight(const glia_model *model, const char *name) {
    for (int i = 0; i < model->n_weights; ++i)
        if (strcmp(model->weights[i].name, name) == 0) return &model->weights[i];
    return NULL;
}

/* What is wrong with a and b of an initializer, or NULL. */
static const char *init_mistake(const glia_init *init) {
    const bool used = (init->kind >= GLIA_INIT_CONSTANT && init->kind <= GLIA_INIT_TRUNCATED_NORMAL) ||
                      init->kind == GLIA_INIT_ORTHOGONAL;
    if (!used) return NULL;
    if (!isfinite(init->a) || !isfinite(init->b)) return "must be finite";
    if (init->kind == GLIA_INIT_UNIFORM && init->a >= init->b) return "a must be below b";
    const bool normal = init->kind == GLIA_INIT_NORMAL || init->kind == GLIA_INIT_TRUNCATED_NORMAL;
    return normal && init->b <= 0 ? "b, the standard deviation, must be positive" : NULL;
}

static glia_value add_weight(glia_model *model, const gli_weight *weight) {
    glia_shape shape = {.ndim = weight->ndim};
    memcpy(shape.dim, weight->dim, sizeof shape.dim);
    glia_status status = gli_shape_check(model->ctx, weight->name, model->dtype, shape);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    if ((unsigned)weight->init.kind > GLIA_INIT_ORTHOGONAL)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%s: init kind %d is no glia_init_kind", weight->name,
                              (int)weight->init.kind);
    const char *mistake = init_mistake(&weight->init);
    if (mistake)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%s: init kind %d has a %g and b %g: %s", weight->name,
                              (int)weight->init.kind, weight->init.a, weight->init.b, mistake);
    if (gli_model_find_weight(model, weight->name))
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "the weight name '%s' is taken", weight->name);
    status = room(model, &model->weights, &model->cap_weights, model->n_weights, sizeof *model->weights);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    glia_tensor tensor = {0};
    gli_set_shape(&tensor, model->dtype, weight->ndim, weight->dim);
    const glia_value value = add_value(model, &tensor, GLI_FROM_WEIGHT, model->n_weights, false);
    if (value.id > 0) model->weights[model->n_weights++] = *weight;
    return value;
}

glia_value gli_layer_weight(glia_model *model, const gli_weight_spec *spec) {
    const gli_layer *layer = &model->layers[model->n_layers - 1];
    gli_weight weight      = {.ndim     = spec->ndim,
                              .init     = spec->init.kind == GLIA_INIT_DEFAULT ? spec->fallback : spec->init,
                              .fan_in   = spec->fan_in,
                              .fan_out  = spec->fan_out,
                              .zero_row = spec->zero_row,
                              .frozen   = layer->frozen,
                              .buffer   = spec->buffer,
                              .state    = spec->state};
    snprintf(weight.name, sizeof weight.name, "%.*s.%s", GLI_NAME_LIMIT, layer->name, spec->suffix);
    memcpy(weight.dim, spec->dim, sizeof weight.dim);
    return add_weight(model, &weight);
}

static glia_value add_parameter(glia_model *model, const char *name, glia_shape shape,
                                const glia_parameter_args *args) {
    if (model->failure != GLIA_OK) return (glia_value){-1};
    const glia_parameter_args defaults = {0};
    if (!args) args = &defaults;
    if (!name || !*name || strlen(name) >= GLI_NAME_SIZE)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                              "glia_model_parameter: the name must have 1 to %d characters", GLI_NAME_SIZE - 1);
    gli_weight weight  = {.init = args->init, .fan_in = args->fan_in, .fan_out = args->fan_out, .frozen = args->frozen};
    glia_status status = gli_shape_check(model->ctx, name, model->dtype, shape);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    snprintf(weight.name, sizeof weight.name, "%s", name);
    weight.ndim = shape.ndim;
    memcpy(weight.dim, shape.dim, sizeof weight.dim);
    if (weight.init.kind == GLIA_INIT_DEFAULT) weight.init.kind = GLIA_INIT_GLOROT_UNIFORM;
    if (!weight.fan_in) weight.fan_in = shape.ndim ? shape.dim[shape.ndim - 1] : 1;
    if (!weight.fan_out) weight.fan_out = shape.ndim ? shape.dim[0] : 1;
    return add_weight(model, &weight);
}

glia_value glia_model_parameter(glia_model *model, const char *name, glia_shape shape,
                                const glia_parameter_args *args) {
    if (!model || !enter(model)) return (glia_value){-1};
    const glia_value value = add_parameter(model, name, shape, args);
    gli_leave(model->ctx);
    return value;
}
