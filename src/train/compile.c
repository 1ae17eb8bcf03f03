/* compile: checks outputs and options, lays out the weights, makes the state of the optimizer. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/device.h"
#include "core/dtype.h"
#include "train/loss_scale.h"
#include "train/scores.h"

/* ---- State ---- */

static glia_status make_class_weight(const glia_model *model, const gli_output *output, glia_tensor **out) {
    gli_block staged;
    GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(output->classes), out));
    GLI_TRY(
        gli_block_alloc(model->ctx, (size_t)output->classes, glia_dtype_size(model->dtype), "class weights", &staged));
    for (int64_t c = 0; c < output->classes; ++c) gli_store(model->dtype, staged.data, c, output->class_weight[c]);
    const glia_status status = glia_tensor_write(*out, staged.data, staged.bytes);
    gli_block_free(model->ctx, &staged);
    return status;
}

static gli_weight_group *group_of(const gli_compiled *c, const gli_weight_rules *rules) {
    for (int g = 0; g < c->n_groups; ++g)
        if (gli_weight_rules_equal(&c->groups[g].rules, rules)) return &c->groups[g];
    return NULL;
}

/* Each ends where the next one begins, the last one with the trained weights. */
static glia_status make_groups(const glia_model *model, const gli_weight_layout *layout, gli_compiled *c) {
    const int64_t *offset = layout->offsets.data;
    for (int w = 0; w < model->n_weights; ++w) {
        const gli_weight_rules *rules = &model->weights[w].rules;
        if (offset[w] >= layout->trained || group_of(c, rules)) continue;
        GLI_TRY(gli_grow(model->ctx, &c->groups, &c->cap_groups, c->n_groups + 1, sizeof *c->groups, "a model"));
        if (c->n_groups > 0) c->groups[c->n_groups - 1].end = offset[w];
        c->groups[c->n_groups++] = (gli_weight_group){.begin = offset[w], .end = layout->trained, .rules = *rules};
    }
    return GLIA_OK;
}

static glia_status make_state(const glia_model *model, const gli_weight_layout *layout, gli_compiled *c) {
    const int64_t trained = layout->trained, buffers = gli_count(layout->vector) - layout->buffers;
    GLI_TRY(gli_slots_make(model, layout, c));
    GLI_TRY(make_groups(model, layout, c));
    for (int i = 0; i < GLI_VECTORS; ++i)
        if (gli_vector_kept(c, i))
            GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(trained), &c->state[i]));
    if (buffers > 0) GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(buffers), &c->before));
    if (buffers > 0 && model->stateful_batch)
        GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(buffers), &c->aside));
    GLI_TRY(glia_tensor_create(model->ctx, GLIA_I64, GLIA_SCALAR, &c->failed));
    GLI_TRY(glia_tensor_create(model->ctx, GLIA_F32, GLIA_SCALAR, &c->rate));
    c->learning_rate = c->optimizer.learning_rate.value;
    GLI_TRY(glia_tensor_fill(c->rate, c->learning_rate));
    GLI_TRY(gli_loss_scale_make(model, c));
    GLI_TRY(glia_tensor_create(model->ctx, GLIA_I64, GLIA_SHAPE(GLI_COUNTERS), &c->counters));
    GLI_TRY(glia_tensor_create(model->ctx, GLIA_I64, GLIA_SHAPE(GLI_COUNTERS), &c->cursor));
    for (int i = 0; i < model->training->n_outputs; ++i)
        if (model->training->outputs[i].class_weight)
            GLI_TRY(make_class_weight(model, &model->training->outputs[i], &c->class_weight[i]));
    const int64_t sums = gli_results_count(model->training);
    for (int i = 0; i < GLI_SUMS && sums > 0; ++i)
        GLI_TRY(glia_tensor_create(model->ctx, GLIA_F64, GLIA_SHAPE(sums), &c->sums[i]));
    return GLIA_OK;
}

static void compiled_free(glia_context *ctx, gli_compiled *c) {
    gli_steps_free(ctx, c->steps);
    for (int i = 0; i < GLI_VECTORS; ++i) glia_tensor_destroy(c->state[i]);
    gli_free(ctx, c->slots, (size_t)c->n_slots, sizeof *c->slots);
    gli_free(ctx, c->groups, (size_t)c->cap_groups, sizeof *c->groups);
    glia_tensor_destroy(c->before);
    glia_tensor_destroy(c->aside);
    glia_tensor_destroy(c->failed);
    glia_tensor_destroy(c->rate);
    for (int i = 0; i < GLI_LOSS_SCALES; ++i) glia_tensor_destroy(c->loss_scale[i]);
    glia_tensor_destroy(c->gradient);
    glia_tensor_destroy(c->share);
    glia_tensor_destroy(c->norms);
    glia_tensor_destroy(c->activity);
    glia_tensor_destroy(c->counters);
    glia_tensor_destroy(c->cursor);
    for (int i = 0; i < GLI_SUMS; ++i) glia_tensor_destroy(c->sums[i]);
    gli_scores_free(ctx, c);
    for (int i = 0; i < GLIA_MAX_OUTPUTS; ++i) glia_tensor_destroy(c->class_weight[i]);
    *c = (gli_compiled){0};
}

/* ---- Outputs ---- */

enum { DEFAULT_TOP_K = 5 };

static glia_status check_output_args(glia_context *ctx, const char *call, const glia_output_args *args) {
    gli_set_scope(ctx, "%s: ", call);
    const glia_status status = gli_loss_check(ctx, &args->loss);
    gli_set_scope(ctx, NULL);
    GLI_TRY(status);
    for (int k = 0; k < GLIA_MAX_METRICS; ++k)
        GLI_REQUIRE(ctx, gli_metric_valid(args->metrics[k]), GLIA_INVALID_ARGUMENT, "%s: invalid metric %d", call,
                    (int)args->metrics[k]);
    GLI_REQUIRE(ctx, args->top_k >= 0, GLIA_INVALID_ARGUMENT, "%s: top_k is %d, must not be negative", call,
                args->top_k);
    GLI_REQUIRE(ctx, args->loss.kind != GLIA_LOSS_NONE || !args->sample_weights, GLIA_INVALID_ARGUMENT,
                "%s: sample_weights without a loss", call);
    return GLIA_OK;
}

/* A softmax over one class is always 1; other libraries treat such an output as binary. */
static glia_status check_classes(glia_context *ctx, const char *call, const glia_tensor *shape,
                                 const glia_output_args *args) {
    const int64_t classes = shape->ndim > 1 ? shape->dim[1] : 0;
    char sample[GLI_SHAPE_TEXT];
    gli_shape_text(shape->ndim - 1, shape->dim + 1, sample);
    bool accuracy = false, top_k = false;
    for (int i = 0; i < GLIA_MAX_METRICS; ++i) {
        top_k    = top_k || args->metrics[i] == GLIA_METRIC_TOP_K;
        accuracy = accuracy || top_k || args->metrics[i] == GLIA_METRIC_ACCURACY;
    }
    GLI_REQUIRE(ctx, classes != 1 || !gli_loss_by_class(args->loss.kind), GLIA_INVALID_ARGUMENT,
                "%s: the output %s has 1 class, of which a cross-entropy learns nothing: %s", call, sample,
                shape->ndim > 2 ? "is a flatten missing before the dense layers?" : "the binary ones take it");
    const int k = args->top_k ? args->top_k : DEFAULT_TOP_K;
    GLI_REQUIRE(ctx, !top_k || classes <= 1 || k <= classes, GLIA_INVALID_ARGUMENT,
                "%s: top_k is %d, the output %s has %lld classes", call, k, sample, (long long)classes);
    GLI_REQUIRE(ctx, classes != 1 || !accuracy || args->loss.kind == GLIA_LOSS_NONE, GLIA_INVALID_ARGUMENT,
                "%s: the output %s has 1 class, whose accuracy is always 1: GLIA_METRIC_BINARY_ACCURACY takes it", call,
                sample);
    return GLIA_OK;
}

/* Of a loss over classes: the caller's; otherwise NULL. */
static const double *class_weight_of(const glia_model_loss *loss) {
    return loss->kind != GLIA_LOSS_NONE && gli_loss_by_class(loss->kind) ? loss->classes.class_weight : NULL;
}

static glia_status check_class_weight(glia_context *ctx, const char *call, const glia_tensor *shape,
                                      const double *class_weight) {
    GLI_REQUIRE(ctx, !class_weight || shape->ndim > 1, GLIA_SHAPE_MISMATCH,
                "%s: class_weight for an output of %d dimensions besides the batch, which has no classes", call,
                shape->ndim - 1);
    for (int64_t c = 0; class_weight && c < shape->dim[1]; ++c)
        GLI_REQUIRE(ctx, class_weight[c] >= 0 && isfinite((float)class_weight[c]), GLIA_INVALID_ARGUMENT,
                    "%s: class_weight[%lld] is %g, must be finite in f32 and not negative", call, (long long)c,
                    class_weight[c]);
    return GLIA_OK;
}

static glia_status check_output(const glia_model *model, const char *call, glia_value value,
                                const glia_output_args *args) {
    glia_context *ctx        = model->ctx;
    const glia_tensor *shape = gli_model_shape(model, value);
    char what[64];
    snprintf(what, sizeof what, "%s: the output", call);
    GLI_TRY(gli_model_check(model, what, value));
    GLI_REQUIRE(ctx, model->values[value.id].batched, GLIA_SHAPE_MISMATCH, "%s: the value does not depend on any input",
                call);
    GLI_REQUIRE(ctx, shape->ndim > 0 && shape->dim[0] == GLI_NOMINAL_BATCH, GLIA_SHAPE_MISMATCH,
                "%s: a batch of %d samples gives the value the shape %s: its first dimension is not the batch", call,
                (int)GLI_NOMINAL_BATCH, GLI_SHAPE_OF(shape));
    GLI_TRY(check_output_args(ctx, call, args));
    GLI_TRY(check_classes(ctx, call, shape, args));
    GLI_TRY(gli_loss_check_output(model, call, value.id, args->loss.kind));
    return check_class_weight(ctx, call, shape, class_weight_of(&args->loss));
}

static void fill_output_defaults(glia_output_args *args) {
    const glia_loss_kind loss = args->loss.kind;
    bool any                  = false;
    if (args->top_k == 0) args->top_k = DEFAULT_TOP_K;
    for (int k = 0; k < GLIA_MAX_METRICS; ++k) any = any || args->metrics[k] != GLIA_METRIC_DEFAULT;
    for (int k = 0; k < GLIA_MAX_METRICS; ++k)
        if (args->metrics[k] == GLIA_METRIC_DEFAULT || loss == GLIA_LOSS_NONE)
            args->metrics[k] = k == 0 && !any ? gli_default_metric(loss) : GLIA_METRIC_NONE;
}

/* Checks an output and makes it; output_free gives it back. n_others: of the model's outputs, those that stay. */
static glia_status make_output(const glia_model *model, const char *call, glia_value value, int n_others,
                               const glia_output_args *args, gli_output *out) {
    GLI_TRY(check_output(model, call, value, args));
    const glia_tensor *shape   = gli_model_shape(model, value);
    const double *class_weight = class_weight_of(&args->loss);
    *out =
        (gli_output){.value = value.id, .args = *args, .classes = shape->ndim > 1 ? shape->dim[1] : 0, .elements = 1};
    for (int i = 1; i < shape->ndim; ++i) out->elements *= shape->dim[i];
    fill_output_defaults(&out->args);
    gli_output_place(out);
    GLI_TRY(gli_output_name(model, call, n_others, out));
    if (!class_weight) return GLIA_OK;
    void *memory;
    GLI_TRY(gli_new(model->ctx, (size_t)out->classes, sizeof *class_weight, "class weights", &memory));
    out->class_weight                   = memcpy(memory, class_weight, (size_t)out->classes * sizeof *class_weight);
    out->args.loss.classes.class_weight = NULL; /* the caller's memory ends with the call */
    return GLIA_OK;
}

static void output_free(glia_context *ctx, gli_output *output) {
    gli_free(ctx, output->class_weight, (size_t)output->classes, sizeof *output->class_weight);
    *output = (gli_output){0};
}

static void training_free(glia_context *ctx, gli_training *training) {
    compiled_free(ctx, &training->compiled);
    for (int i = 0; i < training->n_outputs; ++i) output_free(ctx, &training->outputs[i]);
    gli_free(ctx, training->history, (size_t)training->cap_history, sizeof *training->history);
    gli_free(ctx, training, 1, sizeof *training);
}

static glia_status get_training(glia_model *model, gli_training **out) {
    if (!model->training) {
        void *memory;
        GLI_TRY(gli_new(model->ctx, 1, sizeof **out, "a model", &memory));
        model->training      = memory;
        model->training_free = training_free;
    }
    *out = model->training;
    return GLIA_OK;
}

static glia_status add_output(glia_model *model, glia_value value, const glia_output_args *args) {
    const glia_output_args defaults = {0};
    const char *call                = "glia_model_output";
    gli_training *t;
    GLI_TRY(glia_model_status(model));
    GLI_TRY(get_training(model, &t));
    GLI_REQUIRE(model->ctx, t->n_outputs < GLIA_MAX_OUTPUTS, GLIA_UNSUPPORTED, "%s: a model has at most %d outputs",
                call, GLIA_MAX_OUTPUTS);
    GLI_TRY(make_output(model, call, value, t->n_outputs, args ? args : &defaults, &t->outputs[t->n_outputs]));
    ++t->n_outputs;
    model->compiled = false;
    return GLIA_OK;
}

glia_status glia_model_output(glia_model *model, glia_value value, const glia_output_args *args) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = add_output(model, value, args);
    gli_leave(model->ctx);
    return status;
}

/* ---- Compile ---- */

static glia_status check_clip(glia_context *ctx, const char *name, double value) {
    GLI_REQUIRE(ctx, value >= 0 && value <= 1e30, GLIA_INVALID_ARGUMENT,
                "glia_model_compile: %s is %g, must be 0 to 1e+30", name, value);
    return GLIA_OK;
}

static glia_status resolve_args(const glia_model *model, const glia_compile_args *a, gli_compiled *out) {
    glia_context *ctx = model->ctx;
    gli_set_scope(ctx, "glia_model_compile: ");
    const glia_status status = gli_optimizer_resolve(ctx, &a->optimizer, model->dtype, &out->optimizer);
    gli_set_scope(ctx, NULL);
    GLI_TRY(status);
    GLI_TRY(check_clip(ctx, "clip_value", a->clip_value));
    GLI_TRY(check_clip(ctx, "clip_norm", a->clip_norm));
    GLI_TRY(check_clip(ctx, "clip_global_norm", a->clip_global_norm));
    out->clip_value = a->clip_value, out->clip_norm = a->clip_norm, out->clip_global_norm = a->clip_global_norm;
    GLI_REQUIRE(ctx, a->average_decay >= 0 && a->average_decay < 1, GLIA_INVALID_ARGUMENT,
                "glia_model_compile: average_decay is %g, must be 0 to less than 1", a->average_decay);
    GLI_REQUIRE(ctx, a->average_decay > 0 || !a->average_warmup, GLIA_INVALID_ARGUMENT,
                "glia_model_compile: average_warmup without an average_decay");
    out->average_decay = a->average_decay, out->average_warmup = a->average_warmup;
    return GLIA_OK;
}

/* Whether `output` may be the model's only output, or, with id 0, stands for those it has. */
static glia_status check_choice(const glia_model *model, glia_value output, const glia_compile_args *args) {
    const gli_training *t = model->training;
    const char *call      = "glia_model_compile";
    GLI_REQUIRE(model->ctx,
                output.id == 0 || t->n_outputs == 0 || (t->n_outputs == 1 && t->outputs[0].value == output.id),
                GLIA_INVALID_ARGUMENT, "%s: the model has %d outputs already; pass a value with id 0 to keep them",
                call, t->n_outputs);
    GLI_REQUIRE(model->ctx, output.id != 0 || t->n_outputs > 0, GLIA_INVALID_ARGUMENT, "%s: the model has no output",
                call);
    bool metrics = args->top_k != 0 || args->sample_weights;
    for (int i = 0; i < GLIA_MAX_METRICS; ++i) metrics = metrics || args->metrics[i] != GLIA_METRIC_DEFAULT;
    GLI_REQUIRE(model->ctx, output.id != 0 || (args->loss.kind == GLIA_LOSS_NONE && !metrics), GLIA_INVALID_ARGUMENT,
                "%s: a loss or metrics without an output: outputs of glia_model_output have theirs from there", call);
    return GLIA_OK;
}

/* Builds the new state first and swaps it in when nothing can fail any more. */
static glia_status renew(glia_model *model, const gli_compiled *resolved) {
    gli_compiled fresh = *resolved;
    gli_weight_layout layout;
    GLI_TRY(gli_weights_lay_out(model, &layout));
    glia_status status = gli_check_other_batch(model, &layout);
    if (status == GLIA_OK) status = make_state(model, &layout, &fresh);
    if (status == GLIA_OK) {
        gli_weights_adopt(model, &layout);
        const gli_compiled old    = model->training->compiled;
        model->training->compiled = fresh;
        model->compiled           = true;
        model->averaged           = false;
        ++model->training->compiles;
        fresh = old;
    }
    compiled_free(model->ctx, &fresh);
    gli_weights_discard(model, &layout);
    return status;
}

static glia_status compile(glia_model *model, glia_value output, const glia_compile_args *args) {
    const glia_compile_args defaults = {0};
    gli_compiled resolved            = {0};
    gli_training *t;
    if (!args) args = &defaults;
    GLI_TRY(gli_require_idle(model, "glia_model_compile"));
    GLI_REQUIRE(model->ctx, !model->training || !model->training->in_epoch, GLIA_BUSY,
                "glia_model_compile: a trainer of the model is in the middle of an epoch");
    GLI_TRY(glia_model_status(model));
    GLI_TRY(resolve_args(model, args, &resolved));
    GLI_TRY(get_training(model, &t));
    GLI_TRY(check_choice(model, output, args));
    if (output.id == 0) return renew(model, &resolved);

    gli_output one = {0}, before = t->outputs[0];
    const int n_before              = t->n_outputs;
    glia_output_args args_of_output = {
        .loss = args->loss, .top_k = args->top_k, .sample_weights = args->sample_weights};
    memcpy(args_of_output.metrics, args->metrics, sizeof args->metrics);
    GLI_TRY(make_output(model, "glia_model_compile", output, 0, &args_of_output, &one));
    t->outputs[0]            = one;
    t->n_outputs             = 1;
    const glia_status status = renew(model, &resolved);
    if (status != GLIA_OK) t->outputs[0] = before, t->n_outputs = n_before, before = one;
    output_free(model->ctx, &before);
    return status;
}

glia_status glia_model_compile(glia_model *model, glia_value output, const glia_compile_args *args) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = compile(model, output, args);
    gli_leave(model->ctx);
    return status;
}

static glia_status set_rate(glia_model *model, double rate) {
    GLI_TRY(gli_require_idle(model, "glia_model_set_learning_rate"));
    GLI_REQUIRE(model->ctx, model->compiled, GLIA_INVALID_ARGUMENT,
                "glia_model_set_learning_rate: the model is not compiled, or was changed since");
    GLI_REQUIRE(model->ctx, rate >= 0 && rate <= GLI_MAX_LEARNING_RATE, GLIA_INVALID_ARGUMENT,
                "glia_model_set_learning_rate: rate is %g, must be 0 to %g", rate, GLI_MAX_LEARNING_RATE);
    GLI_TRY(glia_tensor_fill(model->training->compiled.rate, rate));
    model->training->compiled.learning_rate = rate;
    return GLIA_OK;
}

glia_status glia_model_set_learning_rate(glia_model *model, double rate) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = set_rate(model, rate);
    gli_leave(model->ctx);
    return status;
}

double glia_model_learning_rate(const glia_model *model) {
    return model && model->training && model->compiled ? model->training->compiled.learning_rate : NAN;
}
