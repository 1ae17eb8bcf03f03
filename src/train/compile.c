/* compile: checks outputs and options, lays out the weights, makes the state of the optimizer. */
#include <math.h>
#include <string.h>

#include "core/device.h"
#include "core/dtype.h"
#include "core/size.h"
#include "train/step.h"

/* ---- Outputs ---- */

static glia_status check_output_args(glia_context *ctx, const char *call, const glia_output_args *args) {
    GLI_REQUIRE(ctx, (unsigned)args->loss <= GLIA_KL_DIVERGENCE, GLIA_INVALID_ARGUMENT,
                "%s: loss %d is no glia_model_loss", call, (int)args->loss);
    GLI_REQUIRE(ctx, args->reduction == GLIA_REDUCE_MEAN || args->reduction == GLIA_REDUCE_SUM, GLIA_INVALID_ARGUMENT,
                "%s: reduction is %d, must be mean or sum", call, (int)args->reduction);
    GLI_REQUIRE(ctx, args->weight >= 0 && isfinite(args->weight), GLIA_INVALID_ARGUMENT,
                "%s: weight is %g, must not be negative", call, args->weight);
    for (int k = 0; k < GLIA_MAX_METRICS; ++k)
        GLI_REQUIRE(ctx, (unsigned)args->metrics[k] <= GLIA_METRIC_MAE, GLIA_INVALID_ARGUMENT,
                    "%s: metric %d is no glia_metric", call, (int)args->metrics[k]);
    GLI_REQUIRE(ctx, args->top_k >= 0, GLIA_INVALID_ARGUMENT, "%s: top_k is %d, must not be negative", call,
                args->top_k);
    GLI_REQUIRE(
        ctx, gli_loss_by_class(args->loss) || (!args->class_weight && args->label_smoothing == 0 && !args->ignore),
        GLIA_INVALID_ARGUMENT,
        "%s: class_weight %p, label_smoothing %g or ignore_index %lld with loss %d, which has no classes", call,
        (const void *)args->class_weight, args->label_smoothing, (long long)args->ignore_index, (int)args->loss);
    GLI_REQUIRE(ctx, args->label_smoothing >= 0 && args->label_smoothing <= 1, GLIA_INVALID_ARGUMENT,
                "%s: label_smoothing is %g, must be 0 to 1", call, args->label_smoothing);
    return GLIA_OK;
}

/* One class always wins, with the probability 1: a habit from libraries that take it for a binary output. */
static glia_status check_classes(glia_context *ctx, const char *call, int64_t classes, const glia_output_args *args) {
    bool accuracy = false;
    for (int k = 0; k < GLIA_MAX_METRICS; ++k)
        accuracy = accuracy || args->metrics[k] == GLIA_METRIC_ACCURACY || args->metrics[k] == GLIA_METRIC_TOP_K;
    GLI_REQUIRE(ctx, classes != 1 || !gli_loss_by_class(args->loss), GLIA_INVALID_ARGUMENT,
                "%s: the output has 1 class, of which a cross-entropy learns nothing: the binary ones take it", call);
    GLI_REQUIRE(ctx, classes != 1 || !accuracy || args->loss == GLIA_NO_LOSS, GLIA_INVALID_ARGUMENT,
                "%s: the output has 1 class, whose accuracy is always 1: GLIA_METRIC_BINARY_ACCURACY takes it", call);
    return GLIA_OK;
}

static glia_status check_output(glia_model *model, const char *call, glia_value value, const glia_output_args *args) {
    glia_context *ctx        = model->ctx;
    const glia_tensor *shape = gli_model_shape(model, value);
    GLI_REQUIRE(ctx, shape, GLIA_INVALID_ARGUMENT, "%s: value %d is not of this model", call, value.id);
    GLI_REQUIRE(ctx, model->values[value.id].batched, GLIA_SHAPE_MISMATCH, "%s: the value does not depend on any input",
                call);
    GLI_REQUIRE(ctx, shape->ndim > 0 && shape->dim[0] == GLI_RECIPE_BATCH, GLIA_SHAPE_MISMATCH,
                "%s: a batch of %d samples gives the value the shape %s: its first dimension is not the batch", call,
                (int)GLI_RECIPE_BATCH, GLI_SHAPE_OF(shape));
    GLI_TRY(check_output_args(ctx, call, args));
    GLI_TRY(check_classes(ctx, call, shape->ndim > 1 ? shape->dim[1] : 0, args));
    GLI_REQUIRE(ctx, !args->class_weight || shape->ndim > 1, GLIA_SHAPE_MISMATCH,
                "%s: class_weight for an output of %d dimensions besides the batch, which has no classes", call,
                shape->ndim - 1);
    for (int64_t c = 0; args->class_weight && c < shape->dim[1]; ++c)
        GLI_REQUIRE(ctx, args->class_weight[c] >= 0 && isfinite(args->class_weight[c]), GLIA_INVALID_ARGUMENT,
                    "%s: class_weight[%lld] is %g, must not be negative", call, (long long)c, args->class_weight[c]);
    return GLIA_OK;
}

static int64_t classes_of(const glia_model *model, glia_value value) {
    const glia_tensor *shape = gli_model_shape(model, value);
    return shape->ndim > 1 ? shape->dim[1] : 0;
}

static void fill_output_defaults(glia_output_args *args) {
    bool any = false;
    if (args->weight == 0) args->weight = 1;
    if (args->delta == 0) args->delta = 1;
    if (args->top_k == 0) args->top_k = 5;
    for (int k = 0; k < GLIA_MAX_METRICS; ++k) any = any || args->metrics[k] != GLIA_METRIC_DEFAULT;
    for (int k = 0; k < GLIA_MAX_METRICS; ++k)
        if (args->metrics[k] == GLIA_METRIC_DEFAULT || args->loss == GLIA_NO_LOSS)
            args->metrics[k] = k == 0 && !any ? gli_default_metric(args->loss) : GLIA_METRIC_NONE;
}

static glia_status add_output(glia_model *model, glia_value value, const glia_output_args *args) {
    const glia_output_args defaults = {0};
    const char *call                = "glia_model_output";
    if (!args) args = &defaults;
    GLI_TRY(glia_model_status(model));
    GLI_REQUIRE(model->ctx, model->n_outputs < GLIA_MAX_OUTPUTS, GLIA_UNSUPPORTED, "%s: a model has at most %d outputs",
                call, GLIA_MAX_OUTPUTS);
    GLI_TRY(check_output(model, call, value, args));
    gli_output_info output = {.value = value.id, .args = *args, .classes = classes_of(model, value)};
    if (args->class_weight) {
        void *memory;
        GLI_TRY(gli_new(model->ctx, (size_t)output.classes, sizeof(float), "class weights", &memory));
        output.class_weight = memcpy(memory, args->class_weight, (size_t)output.classes * sizeof(float));
    }
    output.args.class_weight = NULL; /* the caller's memory ends with the call */
    fill_output_defaults(&output.args);
    model->outputs[model->n_outputs++] = output;
    model->compiled                    = false;
    return GLIA_OK;
}

glia_status glia_model_output(glia_model *model, glia_value value, const glia_output_args *args) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = add_output(model, value, args);
    gli_leave(model->ctx);
    return status;
}

/* ---- Options ---- */

static glia_status check_number(glia_context *ctx, const char *name, double value, double limit) {
    GLI_REQUIRE(ctx, value >= 0 && value <= limit, GLIA_INVALID_ARGUMENT,
                "glia_model_compile: %s is %g, must be 0 to %g", name, value, limit);
    return GLIA_OK;
}

static glia_status check_args(glia_context *ctx, const glia_compile_args *a) {
    GLI_REQUIRE(ctx, (unsigned)a->optimizer <= GLIA_ADAMW, GLIA_INVALID_ARGUMENT,
                "glia_model_compile: optimizer %d is no glia_optimizer", (int)a->optimizer);
    GLI_TRY(check_number(ctx, "learning_rate", a->learning_rate, 1e6));
    GLI_TRY(check_number(ctx, "momentum", a->momentum, 1));
    GLI_REQUIRE(ctx,
                a->momentum == 0 || a->optimizer == GLIA_MOMENTUM || a->optimizer == GLIA_NESTEROV ||
                    a->optimizer == GLIA_RMSPROP,
                GLIA_INVALID_ARGUMENT, "glia_model_compile: momentum is %g, optimizer %d has none", a->momentum,
                (int)a->optimizer);
    GLI_TRY(check_number(ctx, "beta1", a->beta1, 1));
    GLI_TRY(check_number(ctx, "beta2", a->beta2, 1));
    GLI_TRY(check_number(ctx, "epsilon", a->epsilon, 1e6));
    GLI_TRY(check_number(ctx, "l1", a->l1, 1e6));
    GLI_TRY(check_number(ctx, "l2", a->l2, 1e6));
    GLI_TRY(check_number(ctx, "clip_value", a->clip_value, 1e30));
    GLI_TRY(check_number(ctx, "clip_norm", a->clip_norm, 1e30));
    return check_number(ctx, "clip_global_norm", a->clip_global_norm, 1e30);
}

static void fill_defaults(glia_compile_args *a) {
    const bool adaptive = a->optimizer == GLIA_ADAM || a->optimizer == GLIA_ADAMW || a->optimizer == GLIA_RMSPROP;
    if (a->learning_rate == 0) a->learning_rate = adaptive ? 1e-3 : 1e-2;
    if (a->momentum == 0 && (a->optimizer == GLIA_MOMENTUM || a->optimizer == GLIA_NESTEROV)) a->momentum = 0.9;
    if (a->beta1 == 0) a->beta1 = 0.9;
    if (a->beta2 == 0) a->beta2 = a->optimizer == GLIA_RMSPROP ? 0.99 : 0.999;
    if (a->epsilon == 0) a->epsilon = a->optimizer == GLIA_ADAGRAD ? 1e-10 : 1e-8;
}

/* ---- Weights ---- */

static int64_t padded_count(const gli_weight *weight) {
    int64_t count = 1;
    for (int i = 0; i < weight->ndim; ++i) count *= weight->dim[i];
    return (int64_t)gli_align_up((size_t)count, GLI_WEIGHT_ALIGNMENT);
}

glia_tensor gli_weight_view(const glia_model *model, const gli_weight *weight, const glia_tensor *vector,
                            int64_t offset) {
    glia_tensor view = {.ctx = model->ctx};
    gli_set_shape(&view, model->dtype, weight->ndim, weight->dim);
    if (vector) view.data = (char *)vector->data + (size_t)offset * glia_dtype_size(model->dtype);
    return view;
}

/* Moves a weight's values from where they are, or makes its initial ones. */
static glia_status place(glia_model *model, int index, glia_tensor *vector, int64_t offset) {
    gli_weight *weight     = &model->weights[index];
    const glia_tensor from = gli_weight_view(model, weight, model->training.vector, weight->offset);
    glia_tensor to         = gli_weight_view(model, weight, vector, offset);
    if (weight->pending.data) return glia_tensor_write(&to, weight->pending.data, weight->pending.bytes);
    if (weight->placed) return glia_cast(model->ctx, &(glia_cast_params){.dtype = model->dtype}, &from, &to);
    return gli_init_fill(weight, GLI_STREAM_WEIGHTS + (uint32_t)index, &to);
}

/* Where each weight goes, the trained ones first, and how many elements they take. */
static glia_status lay_out(const glia_model *model, int64_t *offset, int64_t *trained, int64_t *total) {
    *total = 0;
    for (int pass = 0; pass < 2; ++pass) {
        for (int i = 0; i < model->n_weights; ++i) {
            const bool fixed = model->weights[i].frozen || model->weights[i].buffer;
            if (fixed != (pass == 1)) continue;
            offset[i] = *total;
            GLI_REQUIRE(model->ctx, !__builtin_add_overflow(*total, padded_count(&model->weights[i]), total),
                        GLIA_OUT_OF_MEMORY, "out of memory: the weights up to '%s' have more elements than memory can",
                        model->weights[i].name);
        }
        if (pass == 0) *trained = *total;
    }
    return GLIA_OK;
}

/* A vector with all weights. */
static glia_status make_vector(glia_model *model, int64_t *offset, gli_training *t) {
    int64_t total;
    GLI_TRY(lay_out(model, offset, &t->trained, &total));
    GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(total), &t->vector));
    for (int i = 0; i < model->n_weights; ++i) GLI_TRY(place(model, i, t->vector, offset[i]));
    return GLIA_OK;
}

/* ---- State ---- */

static int state_count(const glia_compile_args *a) {
    switch (a->optimizer) {
        case GLIA_SGD: return 0;
        case GLIA_MOMENTUM:
        case GLIA_NESTEROV:
        case GLIA_ADAGRAD: return 1;
        case GLIA_RMSPROP: return a->momentum > 0 ? 2 : 1;
        case GLIA_ADAM:
        case GLIA_ADAMW: return 2;
    }
    return 0;
}

static glia_status make_class_weight(const glia_model *model, const gli_output_info *output, glia_tensor **out) {
    gli_block staged;
    GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(output->classes), out));
    GLI_TRY(
        gli_block_alloc(model->ctx, (size_t)output->classes, glia_dtype_size(model->dtype), "class weights", &staged));
    for (int64_t c = 0; c < output->classes; ++c) gli_store(model->dtype, staged.data, c, output->class_weight[c]);
    const glia_status status = glia_tensor_write(*out, staged.data, staged.bytes);
    gli_block_free(model->ctx, &staged);
    return status;
}

static glia_status make_output_state(const glia_model *model, int i, gli_training *t) {
    const gli_output_info *output = &model->outputs[i];
    if (output->args.loss == GLIA_NO_LOSS) return GLIA_OK;
    GLI_TRY(glia_tensor_create(model->ctx, GLIA_F64, GLIA_SHAPE(2), &t->sums[i]));
    for (int k = 0; k < GLIA_MAX_METRICS; ++k)
        if (output->args.metrics[k] != GLIA_METRIC_NONE)
            GLI_TRY(glia_tensor_create(model->ctx, GLIA_F64, GLIA_SHAPE(2), &t->counts[i][k]));
    if (!output->class_weight) return GLIA_OK;
    return make_class_weight(model, output, &t->class_weight[i]);
}

static glia_status make_state(const glia_model *model, gli_training *t) {
    for (int i = 0; i < state_count(&t->args); ++i)
        GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(t->trained), &t->state[i]));
    GLI_TRY(glia_tensor_create(model->ctx, GLIA_F32, GLIA_SCALAR, &t->rate));
    GLI_TRY(glia_tensor_fill(t->rate, t->args.learning_rate));
    GLI_TRY(glia_tensor_create(model->ctx, GLIA_I64, GLIA_SHAPE(GLI_COUNTERS), &t->counters));
    GLI_TRY(glia_tensor_create(model->ctx, GLIA_I64, GLIA_SHAPE(GLI_COUNTERS), &t->cursor));
    for (int i = 0; i < model->n_outputs; ++i) GLI_TRY(make_output_state(model, i, t));
    return GLIA_OK;
}

void gli_training_free(glia_context *ctx, gli_training *t) {
    gli_steps_free(ctx, t->plans);
    for (int i = 0; i < 3; ++i) glia_tensor_destroy(t->state[i]);
    glia_tensor_destroy(t->rate);
    glia_tensor_destroy(t->counters);
    glia_tensor_destroy(t->cursor);
    for (int i = 0; i < GLIA_MAX_OUTPUTS; ++i) {
        glia_tensor_destroy(t->sums[i]);
        glia_tensor_destroy(t->class_weight[i]);
        for (int k = 0; k < GLIA_MAX_METRICS; ++k) glia_tensor_destroy(t->counts[i][k]);
    }
    glia_tensor_destroy(t->vector);
    *t = (gli_training){0};
}

/* ---- Compile ---- */

/* The output that compile is given, in the place of what was there. */
static glia_status choose_output(glia_model *model, glia_value output, const glia_compile_args *args) {
    const char *call    = "glia_model_compile";
    gli_output_info one = {.value = output.id};
    GLI_REQUIRE(
        model->ctx,
        output.id == 0 || model->n_outputs == 0 || (model->n_outputs == 1 && model->outputs[0].value == output.id),
        GLIA_INVALID_ARGUMENT, "%s: the model has %d outputs already; pass a value with id 0 to keep them", call,
        model->n_outputs);
    GLI_REQUIRE(model->ctx, output.id != 0 || model->n_outputs > 0, GLIA_INVALID_ARGUMENT,
                "%s: the model has no output", call);
    GLI_REQUIRE(model->ctx, output.id != 0 || args->loss == GLIA_NO_LOSS, GLIA_INVALID_ARGUMENT,
                "%s: a loss without an output: outputs of glia_model_output have theirs from there", call);
    if (output.id == 0) return GLIA_OK;
    if (model->n_outputs == 1) one = model->outputs[0];
    one.args.loss      = args->loss;
    one.args.reduction = args->reduction;
    memcpy(one.args.metrics, args->metrics, sizeof args->metrics);
    one.args.class_weight = one.class_weight;
    GLI_TRY(check_output(model, call, output, &one.args));
    one.args.class_weight = NULL;
    one.classes           = classes_of(model, output);
    fill_output_defaults(&one.args);
    model->outputs[0] = one;
    model->n_outputs  = 1;
    return GLIA_OK;
}

/* Everything new beside the old; the old goes when nothing can fail any more. */
static glia_status renew(glia_model *model, const glia_compile_args *args) {
    gli_training t = {.args = *args};
    gli_block offsets;
    fill_defaults(&t.args);
    GLI_TRY(
        gli_block_alloc(model->ctx, (size_t)model->n_weights, sizeof(int64_t), "the layout of the weights", &offsets));
    glia_status status = make_vector(model, offsets.data, &t);
    if (status == GLIA_OK) status = make_state(model, &t);
    if (status == GLIA_OK) {
        for (int i = 0; i < model->n_weights; ++i) {
            model->weights[i].offset = ((const int64_t *)offsets.data)[i];
            model->weights[i].placed = true;
            gli_block_free(model->ctx, &model->weights[i].pending);
        }
        for (int i = 0; i < model->n_layers; ++i) model->layers[i].held = model->layers[i].frozen;
        const gli_training old = model->training;
        model->training        = t;
        model->compiled        = true;
        t                      = old;
    }
    gli_training_free(model->ctx, &t);
    gli_block_free(model->ctx, &offsets);
    return status;
}

static glia_status compile(glia_model *model, glia_value output, const glia_compile_args *args) {
    const glia_compile_args defaults = {.optimizer = GLIA_ADAM};
    const gli_output_info before     = model->outputs[0];
    const int n_before               = model->n_outputs;
    if (!args) args = &defaults;
    GLI_TRY(glia_model_status(model));
    GLI_TRY(check_args(model->ctx, args));
    GLI_TRY(choose_output(model, output, args));
    const glia_status status = renew(model, args);
    if (status != GLIA_OK) model->outputs[0] = before, model->n_outputs = n_before;
    return status;
}

glia_status glia_model_compile(glia_model *model, glia_value output, const glia_compile_args *args) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = compile(model, output, args);
    gli_leave(model->ctx);
    return status;
}
