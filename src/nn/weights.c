/* Weights by name: freezing, setting, reading. */
#include <math.h>
#include <string.h>

#include "core/dtype.h"
#include "nn/model_impl.h"

static glia_status set_frozen(glia_model *model, const char *name, bool frozen) {
    gli_weight *weight = name ? gli_model_find_weight(model, name) : NULL;
    if (weight) return weight->frozen = frozen, GLIA_OK;
    for (int i = 0; name && i < model->n_layers; ++i) {
        gli_layer *layer = &model->layers[i];
        if (strcmp(layer->name, name) != 0) continue;
        layer->frozen = frozen;
        for (int w = layer->first_weight; w < layer->end_weight; ++w) model->weights[w].frozen = frozen;
        return GLIA_OK;
    }
    return gli_fail(model->ctx, GLIA_NOT_FOUND, "glia_model_freeze: no layer or weight is named '%s'",
                    name ? name : "NULL");
}

glia_status glia_model_freeze(glia_model *model, const char *name, bool frozen) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = set_frozen(model, name, frozen);
    gli_leave(model->ctx);
    return status;
}

static glia_status reset_states(glia_model *model) {
    for (int i = 0; i < model->n_weights; ++i) {
        gli_weight *weight = &model->weights[i];
        if (!weight->state) continue;
        gli_block_free(model->ctx, &weight->pending);
        if (!weight->placed) continue; /* it will start with zeros */
        glia_tensor view = gli_weight_view(model, weight, model->training.vector, weight->offset);
        GLI_TRY(glia_tensor_fill(&view, 0));
    }
    return GLIA_OK;
}

glia_status glia_model_reset_states(glia_model *model) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = reset_states(model);
    gli_leave(model->ctx);
    return status;
}

static glia_status set_rate(glia_model *model, double rate) {
    GLI_REQUIRE(model->ctx, model->compiled, GLIA_INVALID_ARGUMENT,
                "glia_model_set_learning_rate: the model is not compiled, or was changed since");
    GLI_REQUIRE(model->ctx, rate >= 0 && rate <= 1e6, GLIA_INVALID_ARGUMENT,
                "glia_model_set_learning_rate: rate is %g, must be 0 to 1e+06", rate);
    GLI_TRY(glia_tensor_fill(model->training.rate, rate));
    model->training.args.learning_rate = rate;
    return GLIA_OK;
}

glia_status glia_model_set_learning_rate(glia_model *model, double rate) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = set_rate(model, rate);
    gli_leave(model->ctx);
    return status;
}

static glia_status find_for(const glia_model *model, const char *call, const char *name, const void *values,
                            size_t bytes, gli_weight **out) {
    glia_context *ctx = model->ctx;
    *out              = name ? gli_model_find_weight(model, name) : NULL;
    GLI_REQUIRE(ctx, *out, GLIA_NOT_FOUND, "%s: no weight is named '%s'", call, name ? name : "NULL");
    const glia_tensor shape = gli_weight_view(model, *out, NULL, 0);
    const size_t needed     = (size_t)gli_count(&shape) * glia_dtype_size(model->dtype);
    GLI_REQUIRE(ctx, values, GLIA_INVALID_ARGUMENT, "%s: values for '%s' is NULL", call, name);
    GLI_REQUIRE(ctx, bytes == needed, GLIA_SHAPE_MISMATCH, "%s: %zu bytes, '%s' %s of %s has %zu", call, bytes, name,
                GLI_SHAPE_OF(&shape), glia_dtype_name(model->dtype), needed);
    return GLIA_OK;
}

static glia_status set_weight(glia_model *model, const char *name, const void *values, size_t bytes) {
    gli_weight *weight;
    GLI_TRY(find_for(model, "glia_model_set", name, values, bytes, &weight));
    if (weight->placed) {
        glia_tensor view = gli_weight_view(model, weight, model->training.vector, weight->offset);
        return glia_tensor_write(&view, values, bytes);
    }
    if (!weight->pending.data) GLI_TRY(gli_block_alloc(model->ctx, bytes, 1, "a weight", &weight->pending));
    memcpy(weight->pending.data, values, bytes);
    return GLIA_OK;
}

glia_status glia_model_set(glia_model *model, const char *name, const void *values, size_t bytes) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = set_weight(model, name, values, bytes);
    gli_leave(model->ctx);
    return status;
}

static glia_status get_weight(const glia_model *model, const char *name, void *values, size_t bytes) {
    gli_weight *weight;
    GLI_TRY(find_for(model, "glia_model_get", name, values, bytes, &weight));
    if (weight->placed) {
        const glia_tensor view = gli_weight_view(model, weight, model->training.vector, weight->offset);
        return glia_tensor_read(&view, values, bytes);
    }
    GLI_REQUIRE(model->ctx, weight->pending.data, GLIA_INVALID_ARGUMENT,
                "glia_model_get: '%s' has no value before the model is compiled", name);
    memcpy(values, weight->pending.data, bytes);
    return GLIA_OK;
}

glia_status glia_model_get(const glia_model *model, const char *name, void *values, size_t bytes) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = get_weight(model, name, values, bytes);
    gli_leave(model->ctx);
    return status;
}

int glia_model_weight_count(const glia_model *model) { return model ? model->n_weights : 0; }

const char *glia_model_weight_name(const glia_model *model, int index) {
    return model && index >= 0 && index < model->n_weights ? model->weights[index].name : NULL;
}

glia_shape glia_model_weight_shape(const glia_model *model, int index) {
    glia_shape shape = {0};
    if (!model || index < 0 || index >= model->n_weights) return shape;
    shape.ndim = model->weights[index].ndim;
    memcpy(shape.dim, model->weights[index].dim, sizeof shape.dim);
    return shape;
}
