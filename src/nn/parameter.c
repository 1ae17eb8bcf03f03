/* Weights of a model's definition. */
#include <stdio.h>
#include <string.h>

#include "nn/model_impl.h"

gli_weight *gli_model_find_weight(const glia_model *model, const char *name) {
    const gli_name *found = gli_names_find(&model->weight_names, name);
    return found ? &model->weights[found->value] : NULL;
}

glia_value gli_model_add_weight(glia_model *model, const gli_weight *weight) {
    if (model->failure != GLIA_OK) return GLI_INVALID;
    glia_shape shape = {.ndim = weight->ndim};
    memcpy(shape.dim, weight->dim, sizeof shape.dim);
    glia_status status = gli_shape_check(model->ctx, weight->name, model->dtype, shape);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    if ((unsigned)weight->init.kind > GLIA_INIT_ORTHOGONAL)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%s: invalid init kind %d", weight->name,
                              (int)weight->init.kind);
    const char *mistake = gli_init_mistake(&weight->init);
    if (mistake)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%s: init kind %d has a %g and b %g: %s", weight->name,
                              (int)weight->init.kind, weight->init.a, weight->init.b, mistake);
    if (gli_model_find_weight(model, weight->name))
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "the weight name '%s' is taken", weight->name);
    status = gli_grow(model->ctx, &model->weights, &model->cap_weights, model->n_weights + 1, sizeof *model->weights,
                      "a model");
    if (status == GLIA_OK) status = gli_names_reserve(model->ctx, &model->weight_names);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    glia_tensor tensor = {0};
    gli_set_shape(&tensor, weight->buffer ? model->dtype : model->compute, weight->ndim, weight->dim);
    const glia_value value = gli_model_add_value(model, &tensor, GLI_SOURCE_WEIGHT, model->n_weights, false);
    if (value.id < 0) return value;
    gli_names_add(&model->weight_names, weight->name, model->n_weights);
    model->weights[model->n_weights++] = *weight;
    return value;
}

glia_value gli_model_add_parameter(glia_model *model, const gli_weight *weight) {
    if (gli_names_find(&model->names, weight->name)) /* glia_model_freeze could not tell which is meant */
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "glia_model_parameter: the name '%s' is taken",
                              weight->name);
    const glia_status status = gli_names_reserve(model->ctx, &model->names);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    gli_names_add(&model->names, weight->name, 0);
    return gli_model_add_weight(model, weight);
}

static glia_value add_parameter(glia_model *model, const char *name, glia_shape shape,
                                const glia_parameter_args *args) {
    if (model->failure != GLIA_OK) return GLI_INVALID;
    const glia_parameter_args defaults = {0};
    if (!args) args = &defaults;
    if (!name || !gli_name_valid(name, GLI_NAME_SIZE - 1))
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                              "glia_model_parameter: the name must be 1 to %d bytes of UTF-8, none a control character",
                              GLI_NAME_SIZE - 1);
    gli_weight weight  = {.init = args->init, .fan_in = args->fan_in, .fan_out = args->fan_out, .frozen = args->frozen};
    glia_status status = gli_shape_check(model->ctx, name, model->dtype, shape);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    snprintf(weight.name, sizeof weight.name, "%s", name);
    weight.ndim = shape.ndim;
    memcpy(weight.dim, shape.dim, sizeof weight.dim);
    if (weight.fan_in < 0 || weight.fan_out < 0)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                              "glia_model_parameter: %s: fan_in is %lld and fan_out %lld, must not be negative", name,
                              (long long)weight.fan_in, (long long)weight.fan_out);
    if (weight.init.kind == GLIA_INIT_DEFAULT) weight.init.kind = GLIA_INIT_GLOROT_UNIFORM;
    if (!weight.fan_in) weight.fan_in = shape.ndim ? shape.dim[shape.ndim - 1] : 1;
    if (!weight.fan_out) weight.fan_out = shape.ndim ? shape.dim[0] : 1;
    return gli_model_add_parameter(model, &weight);
}

glia_value glia_model_parameter(glia_model *model, const char *name, glia_shape shape,
                                const glia_parameter_args *args) {
    if (!model || !gli_model_enter(model)) return GLI_INVALID;
    const glia_value value = add_parameter(model, name, shape, args);
    gli_leave(model->ctx);
    return value;
}
