/* A model's definition: values, names, inputs, weights. */
#include "nn/model_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "core/print.h"
#include "glia/data.h"
#include "graph/graph_impl.h"

glia_status glia_model_create(glia_context *ctx, const glia_model_args *args, glia_model **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_dtype dtype = args ? args->dtype : GLIA_F32;
    void *memory           = NULL;
    glia_status status     = GLIA_OK;
    if (!out)
        status = gli_fail(ctx, GLIA_INVALID_ARGUMENT, "glia_model_create: out is NULL");
    else if (!gli_dtype_is_float(dtype))
        status = gli_fail(ctx, GLIA_DTYPE_MISMATCH, "glia_model_create: dtype is %s, must be f32, f64, bf16 or f16",
                          glia_dtype_name(dtype));
    else
        status = gli_new(ctx, 1, sizeof **out, "a model", &memory);
    if (status == GLIA_OK) {
        glia_model *model = memory;
        model->ctx        = ctx;
        model->dtype      = gli_dtype_wide(dtype);
        model->compute    = dtype;
        model->seed       = ctx->seed;
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
    if (model->users > 0) {
        model->destroyed = true;
        return;
    }
    if (model->training) model->training_free(ctx, model->training);
    glia_tensor_destroy(model->vector);
    glia_tensor_destroy(model->half);
    for (int i = 0; i < model->n_nodes; ++i) gli_free(ctx, model->nodes[i].params, 1, model->nodes[i].op->params_size);
    for (int i = 0; i < model->n_weights; ++i) gli_block_free(ctx, &model->weights[i].pending);
    gli_free(ctx, model->values, (size_t)model->cap_values, sizeof *model->values);
    gli_free(ctx, model->nodes, (size_t)model->cap_nodes, sizeof *model->nodes);
    gli_free(ctx, model->layers, (size_t)model->cap_layers, sizeof *model->layers);
    gli_free(ctx, model->weights, (size_t)model->cap_weights, sizeof *model->weights);
    gli_free(ctx, model->inputs, (size_t)model->cap_inputs, sizeof *model->inputs);
    gli_names_free(ctx, &model->names);
    gli_names_free(ctx, &model->weight_names);
    gli_free(ctx, model, 1, sizeof *model);
    gli_context_release(ctx);
}

void gli_model_retain(glia_model *model) { ++model->users; }

void gli_model_release(glia_model *model) {
    if (--model->users == 0 && model->destroyed) glia_model_destroy(model);
}

glia_status glia_model_status(const glia_model *model) {
    GLI_REQUIRE_OBJECT(model);
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
    return GLI_INVALID;
}

/* A device that does not answer is the model's failure; what another thread is using is not touched. */
bool gli_model_enter(glia_model *model) {
    const glia_status status = gli_enter(model->ctx);
    if (status != GLIA_OK && status != GLIA_BUSY) gli_model_take_failure(model, status);
    return status == GLIA_OK;
}

glia_value gli_model_fail(glia_model *model, glia_status status, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    gli_format_list(text, sizeof text, format, args);
    va_end(args);
    if (!gli_model_enter(model)) return GLI_INVALID;
    const glia_value failed = gli_model_take_failure(model, gli_fail(model->ctx, status, "%s", text));
    gli_leave(model->ctx);
    return failed;
}

glia_value gli_invalid_value(void) { return (glia_value){gli_refused() ? GLI_REFUSED_ID : -1, NULL}; }

const glia_tensor *gli_model_shape(const glia_model *model, glia_value value) {
    const bool known = value.id > 0 && value.id < model->n_values && (!value.owner || value.owner == model);
    return known ? &model->values[value.id].shape : NULL;
}

glia_status gli_model_check(const glia_model *model, const char *what, glia_value value) {
    GLI_REQUIRE(model->ctx, value.id != GLI_REFUSED_ID, GLIA_BUSY,
                "%s is the result of a call that came while another thread was using the context", what);
    GLI_REQUIRE(model->ctx, gli_model_shape(model, value), GLIA_INVALID_ARGUMENT, "%s is not a value of this model%s",
                what, value.owner && value.owner != model ? ", but of another model or a graph" : "");
    return GLIA_OK;
}

glia_value gli_model_add_value(glia_model *model, const glia_tensor *shape, gli_source source, int index,
                               bool batched) {
    const glia_status status =
        gli_grow(model->ctx, &model->values, &model->cap_values, model->n_values + 1, sizeof *model->values, "a model");
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    gli_model_value *value = &model->values[model->n_values];
    *value                 = (gli_model_value){.source = source, .index = index, .batched = batched};
    gli_set_shape(&value->shape, shape->dtype, shape->ndim, shape->dim);
    value->shape.ctx = model->ctx;
    model->compiled  = false;
    return (glia_value){model->n_values++, model};
}

/* A generated name is always free and short enough; a given name is checked. */
bool gli_model_name(glia_model *model, const char *kind, const char *name, char out[GLI_NAME_SIZE]) {
    const int length = (int)strlen(name ? name : kind);
    snprintf(out, GLI_NAME_SIZE, "%s", name ? name : "");
    if (!name) gli_names_make(&model->names, kind, out);
    if (length < 1 || length > GLI_NAME_LIMIT) {
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%.48s: the name '%.48s' has %d characters, must have 1 to %d",
                       kind, out, length, GLI_NAME_LIMIT);
        return false;
    }
    if (!gli_name_valid(out, GLI_NAME_SIZE)) {
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%s: the name has control characters, or is not UTF-8",
                       name ? kind : "a layer");
        return false;
    }
    if (gli_names_find(&model->names, out)) {
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%s: the name '%s' is taken", kind, out);
        return false;
    }
    const glia_status status = gli_names_reserve(model->ctx, &model->names);
    if (status != GLIA_OK) return gli_model_take_failure(model, status), false;
    gli_names_add(&model->names, out, 0);
    return true;
}

static glia_value add_input(glia_model *model, const char *name, glia_dtype dtype, glia_shape shape) {
    if (model->failure != GLIA_OK) return GLI_INVALID;
    char chosen[GLI_NAME_SIZE];
    if (!gli_model_name(model, "input", name, chosen)) return GLI_INVALID;
    glia_status status = gli_shape_check(model->ctx, chosen, dtype, shape);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    if (shape.ndim == GLIA_MAX_DIMS)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "input '%s': %d dimensions and the batch, %d are possible",
                              chosen, shape.ndim, GLIA_MAX_DIMS);
    if (model->n_inputs == GLIA_MAX_FIELDS)
        return gli_model_fail(model, GLIA_UNSUPPORTED, "input '%s': a model has at most %d inputs", chosen,
                              GLIA_MAX_FIELDS);
    status =
        gli_grow(model->ctx, &model->inputs, &model->cap_inputs, model->n_inputs + 1, sizeof *model->inputs, "a model");
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    glia_tensor with_batch     = {0};
    int64_t dim[GLIA_MAX_DIMS] = {GLI_NOMINAL_BATCH};
    memcpy(dim + 1, shape.dim, (size_t)shape.ndim * sizeof *dim);
    gli_set_shape(&with_batch, dtype, shape.ndim + 1, dim);
    const glia_value value = gli_model_add_value(model, &with_batch, GLI_SOURCE_INPUT, model->n_inputs, true);
    if (value.id < 0) return value;
    gli_input_info *input = &model->inputs[model->n_inputs++];
    memcpy(input->name, chosen, sizeof chosen);
    input->value = value.id;
    return value;
}

static glia_value enter_and_add_input(glia_model *model, const char *name, glia_dtype dtype, glia_shape shape) {
    if (!gli_model_enter(model)) return GLI_INVALID;
    const glia_value value = add_input(model, name, dtype, shape);
    gli_leave(model->ctx);
    return value;
}

glia_value glia_model_input(glia_model *model, const char *name, glia_shape shape) {
    return model ? enter_and_add_input(model, name, model->compute, shape) : GLI_INVALID;
}

glia_value glia_model_index_input(glia_model *model, const char *name, glia_dtype dtype, glia_shape shape) {
    if (!model) return GLI_INVALID;
    if (dtype != GLIA_I32 && dtype != GLIA_I64)
        return gli_model_fail(model, GLIA_DTYPE_MISMATCH, "glia_model_index_input: dtype is %s, must be i32 or i64",
                              glia_dtype_name(dtype));
    return enter_and_add_input(model, name, dtype, shape);
}
