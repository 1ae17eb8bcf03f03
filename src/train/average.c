/* The exponential moving average of the weights: as ops of a step, and in the place of the weights. */
#include "train/graph_calls.h"
#include "train/pass.h"

/* 0 in the first step, whose weights are the first average: those that training began with do not count. */
glia_value gli_emit_average_decay(const gli_emission *e, const gli_compiled *c, glia_value update) {
    const glia_dtype dtype = e->model->dtype;
    const glia_value t = gli_emit_cast(e, update, dtype), one = gli_emit_number(e, dtype, 1);
    const glia_value before = gli_emit_binary(e, GLIA_BINARY_SUB, t, one);
    const glia_value later  = gli_emit_binary(e, GLIA_BINARY_MINIMUM, before, one);
    glia_value decay        = gli_emit_number(e, dtype, c->average_decay);
    if (c->average_warmup) {
        const glia_value above  = gli_emit_binary(e, GLIA_BINARY_ADD, t, one);
        const glia_value below  = gli_emit_binary(e, GLIA_BINARY_ADD, t, gli_emit_number(e, dtype, 10));
        const glia_value rising = gli_emit_binary(e, GLIA_BINARY_DIV, above, below);
        decay                   = gli_emit_binary(e, GLIA_BINARY_MINIMUM, decay, rising);
    }
    return gli_emit_binary(e, GLIA_BINARY_MUL, decay, later);
}

/* decay average + (1 - decay) weights, with one multiplication. */
glia_value gli_emit_average(const gli_emission *e, glia_value average, glia_value weights, glia_value decay) {
    const glia_value distance = gli_emit_binary(e, GLIA_BINARY_SUB, average, weights);
    return gli_emit_binary(e, GLIA_BINARY_ADD, weights, gli_emit_binary(e, GLIA_BINARY_MUL, distance, decay));
}

static glia_status exchange(glia_tensor *a, glia_tensor *b) {
    glia_tensor *kept;
    GLI_TRY(glia_tensor_create(a->ctx, a->dtype, glia_tensor_shape(a), &kept));
    glia_status status = glia_tensor_copy(a, kept);
    if (status == GLIA_OK) status = glia_tensor_copy(b, a);
    if (status == GLIA_OK) status = glia_tensor_copy(kept, b);
    glia_tensor_destroy(kept);
    return status;
}

bool gli_average_kept(const glia_model *model) {
    return model->compiled && model->training->compiled.average_decay > 0;
}

glia_status gli_use_average(glia_model *model, const char *call, bool use) {
    GLI_REQUIRE(model->ctx, gli_average_kept(model), GLIA_INVALID_ARGUMENT,
                "%s: the model is not compiled with an average_decay", call);
    gli_compiled *c = &model->training->compiled;
    if (model->averaged == use || model->trained == 0) return GLIA_OK;
    GLI_REQUIRE(model->ctx, c->updates > 0, GLIA_INVALID_ARGUMENT, "%s: there is no average before the first step",
                call);
    glia_tensor weights = *model->vector;
    gli_set_shape(&weights, model->dtype, 1, &model->trained);
    model->half_is_old = true;
    GLI_TRY(exchange(&weights, c->state[GLI_AVERAGE]));
    model->averaged = use;
    return GLIA_OK;
}

glia_status glia_model_use_average(glia_model *model, bool use) {
    const char *call = "glia_model_use_average";
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, call));
    return gli_call_end(model, gli_use_average(model, call, use));
}
