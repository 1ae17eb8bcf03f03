/* Plans of a model, one for each kind of pass and batch size. */
#include "train/scores.h"
#include "train/watched.h"

#include <string.h>

#include "core/dtype.h"
#include "core/prepared.h"
#include "core/trace.h"
#include "glia/ops/data.h"
#include "glia/ops/metric.h"
#include "graph/graph_impl.h"

int gli_output_targets(const gli_output *output) {
    return (output->args.loss.kind != GLIA_LOSS_NONE) + output->args.sample_weights;
}

int gli_training_targets(const gli_training *training) {
    int count = 0;
    for (int i = 0; i < training->n_outputs; ++i) count += gli_output_targets(&training->outputs[i]);
    return count;
}

bool gli_pass_has_targets(gli_pass_kind kind) {
    return kind != GLI_PASS_PREDICT && kind != GLI_PASS_LAYER && kind != GLI_PASS_GRADIENT;
}

bool gli_pass_trains(gli_pass_kind kind) {
    return kind == GLI_PASS_TRAIN || kind == GLI_PASS_ACCUMULATE || kind == GLI_PASS_UPDATE;
}

/* [batch, shape of the sample] */
static glia_shape batched(const gli_sample_spec *spec, int64_t batch) {
    glia_shape shape = {.ndim = spec->shape.ndim + 1, .dim = {batch}};
    memcpy(shape.dim + 1, spec->shape.dim, (size_t)spec->shape.ndim * sizeof *shape.dim);
    return shape;
}

static glia_status check_specs(const glia_model *model, gli_pass_kind kind, const gli_sample_spec *spec, int n_in) {
    const int needed = model->n_inputs + (gli_pass_has_targets(kind) ? gli_training_targets(model->training) : 0);
    GLI_REQUIRE(model->ctx, model->compiled, GLIA_INVALID_ARGUMENT, "the model was changed and not compiled again");
    GLI_REQUIRE(model->ctx, n_in == needed, GLIA_SHAPE_MISMATCH,
                "the dataset has %d inputs and targets, the model needs %d", n_in, needed);
    for (int i = 0; i < model->n_inputs; ++i) {
        const glia_tensor *expected = &model->values[model->inputs[i].value].shape;
        glia_tensor given           = {0};
        const glia_shape shape      = batched(&spec[i], GLI_NOMINAL_BATCH);
        gli_set_shape(&given, spec[i].dtype, shape.ndim, shape.dim);
        GLI_REQUIRE(model->ctx, gli_same_shape(expected, &given), GLIA_SHAPE_MISMATCH,
                    "input '%s' takes samples %s, the dataset has %s", model->inputs[i].name,
                    gli_shape_text(expected->ndim - 1, expected->dim + 1, (char[GLI_SHAPE_TEXT]){0}),
                    gli_shape_text(given.ndim - 1, given.dim + 1, (char[GLI_SHAPE_TEXT]){0}));
        const bool same =
            expected->dtype == given.dtype || (gli_dtype_is_float(expected->dtype) && given.dtype == GLIA_F32);
        GLI_REQUIRE(model->ctx, same, GLIA_DTYPE_MISMATCH, "input '%s' takes %s, the dataset has %s",
                    model->inputs[i].name, glia_dtype_name(expected->dtype), glia_dtype_name(given.dtype));
    }
    return GLIA_OK;
}

/* Inputs of the graph after those of the model. */
static void emit_targets(const gli_emission *e, const gli_step *step, glia_value *targets) {
    for (int t = 0; t < gli_training_targets(e->model->training); ++t) {
        const int i                 = e->model->n_inputs + t;
        const gli_sample_spec *spec = &step->spec[i];
        targets[t] =
            e->given ? e->given[i] : glia_graph_input(e->graph, "target", spec->dtype, batched(spec, e->batch));
    }
}

static glia_value counter(const gli_emission *e, glia_value counters, int i) {
    return gli_graph_view(e->graph, counters, i, GLIA_SCALAR);
}

/* Comes last, so that no op of this step reads the counters of the next step. */
static void emit_advance(const gli_emission *e, const gli_step *step, glia_value counters) {
    glia_increment_params params = {.by = {0}};
    glia_value next;
    if (!gli_pass_trains(step->kind) && !step->resident) return;
    if (step->kind != GLI_PASS_UPDATE) params.by[GLI_COUNTER_BATCH] = 1, params.by[GLI_COUNTER_POSITION] = e->batch;
    if (step->kind != GLI_PASS_ACCUMULATE) params.by[GLI_COUNTER_UPDATE] = 1;
    gli_graph_call(e->graph, &gli_op_increment, &params, &counters, 1, &next, 1);
    glia_graph_assign(e->graph, counters, next);
}

static void emit_confusion(gli_emission *e, const gli_step *step, glia_value target, glia_value *out) {
    const gli_output *output                  = &e->model->training->outputs[0];
    const glia_value prediction               = gli_emit_prediction(e, output->value);
    const glia_dtype dtype                    = glia_graph_dtype(e->graph, target);
    const bool by_class                       = gli_loss_by_class(output->args.loss.kind);
    const glia_class_options *classes         = &output->args.loss.classes;
    const glia_confusion_matrix_params params = {.ignore_index = by_class ? classes->ignore_index : 0,
                                                 .ignore       = by_class && classes->ignore};
    if (!gli_is_index(dtype)) target = gli_emit_argmax(e, target);
    const glia_value state = glia_graph_tensor(e->graph, "counts", step->out[0]);
    gli_graph_call(e->graph, &gli_op_confusion_matrix, &params, (glia_value[]){prediction, target, state}, 3, out, 1);
    glia_graph_assign(e->graph, state, *out);
}

/* Of a batch in a step of several: its share of the step's samples. */
static glia_value part_of_step(const gli_emission *e) {
    const glia_value share = glia_graph_tensor(e->graph, "share", e->model->training->compiled.share);
    const glia_value batch = gli_emit_number(e, e->model->dtype, (double)e->batch);
    return gli_emit_binary(e, GLIA_BINARY_MUL, share, batch);
}

/* Losses and metrics; fused before gradients are added. */
static void emit_judgement(gli_emission *e, const gli_step *step, const glia_value *targets, glia_value *total) {
    gli_emit_losses(e, e->model->training, targets, total);
    gli_emit_scores(e, step, targets);
    if (e->training) gli_graph_fuse(e->graph, total, total->id > 0);
}

/* Adds the ops of this kind of pass; outputs receives the values that the plan returns. Returns how many. */
static int emit_pass(gli_emission *e, const gli_step *step, glia_value counters, glia_value *outputs) {
    const gli_training *t                = e->model->training;
    const glia_value update              = counter(e, counters, GLI_COUNTER_UPDATE);
    glia_value targets[GLIA_MAX_OUTPUTS] = {{0}}, total;
    if (step->kind == GLI_PASS_UPDATE) return gli_emit_update(e, step, update), 0;
    if (step->kind == GLI_PASS_TRAIN && !step->unchecked) gli_emit_before(e, &t->compiled);
    gli_model_emit(e);
    if (step->watched) gli_emit_activity(e);
    if (gli_pass_has_targets(step->kind)) emit_targets(e, step, targets);
    glia_value predictions[GLIA_MAX_OUTPUTS];
    for (int i = 0; i < t->n_outputs && step->kind == GLI_PASS_PREDICT; ++i)
        predictions[i] = gli_emit_prediction(e, t->outputs[i].value);
    switch (step->kind) {
        case GLI_PASS_TRAIN:
            emit_judgement(e, step, targets, &total);
            gli_emit_training(e, step, total, update);
            return 0;
        case GLI_PASS_ACCUMULATE:
            e->share = part_of_step(e);
            emit_judgement(e, step, targets, &total);
            gli_emit_gradient(e, step, total);
            return 0;
        case GLI_PASS_UPDATE: return 0;
        case GLI_PASS_EVALUATE: emit_judgement(e, step, targets, &total); return 0;
        case GLI_PASS_CONFUSION: emit_confusion(e, step, targets[0], outputs); return 0;
        case GLI_PASS_PREDICT:
            memcpy(outputs, predictions, (size_t)t->n_outputs * sizeof *predictions);
            return t->n_outputs;
        case GLI_PASS_LAYER:
        case GLI_PASS_GRADIENT:
        case GLI_PASS_LOSS_GRADIENT: gli_emit_inspection(e, step, targets, outputs); return 1;
    }
    return 0;
}

static glia_tensor *counters_of(const glia_model *model, gli_pass_kind kind) {
    return gli_pass_trains(kind) ? model->training->compiled.counters : model->training->compiled.cursor;
}

static glia_status make_plan(glia_model *model, gli_step *step) {
    glia_graph *graph;
    void *map = NULL;
    GLI_TRY(glia_graph_create(model->ctx, &graph));
    glia_status status = gli_new(model->ctx, (size_t)model->n_values, sizeof(glia_value), "a graph", &map);
    if (status == GLIA_OK) {
        glia_value outputs[GLIA_MAX_OUTPUTS], samples[GLI_MAX_STEP_INPUTS];
        gli_emission e = {.model    = model,
                          .graph    = graph,
                          .training = gli_pass_trains(step->kind),
                          .tallied  = step->kind != GLI_PASS_LOSS_GRADIENT,
                          .batch    = step->batch,
                          .map      = map};
        for (int i = 0; i < model->n_inputs && i < step->n_in; ++i) e.input_dtype[i] = step->spec[i].dtype;
        const glia_value counters = glia_graph_tensor(graph, "counters", counters_of(model, step->kind));
        gli_emission_weights(&e, model->vector, model->half);
        e.step = counter(&e, counters, GLI_COUNTER_BATCH);
        if (step->resident) gli_emit_samples(&e, step, counters, samples), e.given = samples;
        const int n_out = emit_pass(&e, step, counters, outputs);
        emit_advance(&e, step, counters);
        status = glia_graph_status(graph);
        if (status == GLIA_OK) status = glia_plan_create(graph, outputs, n_out, &step->plan);
    }
    gli_free(model->ctx, map, (size_t)model->n_values, sizeof(glia_value));
    glia_graph_destroy(graph);
    return status;
}

static glia_status add_output(glia_model *model, gli_step *step, int value) {
    GLI_TRY(glia_tensor_create(model->ctx, gli_value_dtype(model, value), gli_value_shape(model, value, step->batch),
                               &step->out[step->n_out]));
    ++step->n_out;
    return GLIA_OK;
}

static glia_status make_outputs(glia_model *model, gli_step *step) {
    const int of          = step->inspection.of;
    const int64_t classes = model->training->outputs[0].classes;
    switch (step->kind) {
        case GLI_PASS_UPDATE: return GLIA_OK;
        case GLI_PASS_TRAIN:
        case GLI_PASS_ACCUMULATE:
        case GLI_PASS_EVALUATE: return gli_scores_make(model, step);
        case GLI_PASS_PREDICT:
            for (int i = 0; i < model->training->n_outputs; ++i)
                GLI_TRY(add_output(model, step, model->training->outputs[i].value));
            return GLIA_OK;
        case GLI_PASS_CONFUSION:
            step->n_out = 1;
            return glia_tensor_create(model->ctx, GLIA_I64, GLIA_SHAPE(classes, classes), &step->out[0]);
        case GLI_PASS_LAYER: break;
        case GLI_PASS_GRADIENT:
            GLI_TRY(
                glia_tensor_create(model->ctx, gli_value_dtype(model, of), gli_value_shape(model, of, 1), &step->seed));
            break;
        case GLI_PASS_LOSS_GRADIENT: GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SCALAR, &step->seed));
    }
    return add_output(model, step, step->inspection.value);
}

static glia_status make_tensors(glia_model *model, gli_step *step) {
    for (int i = 0; i < step->n_in && !step->resident; ++i)
        GLI_TRY(
            glia_tensor_create(model->ctx, step->spec[i].dtype, batched(&step->spec[i], step->batch), &step->in[i]));
    return make_outputs(model, step);
}

static void step_free(glia_context *ctx, gli_step *step) {
    glia_plan_destroy(step->plan);
    for (int i = 0; i < GLI_MAX_STEP_INPUTS; ++i) glia_tensor_destroy(step->in[i]);
    gli_feed_close(&step->feed);
    for (int i = 0; i < GLIA_MAX_OUTPUTS; ++i) {
        glia_tensor_destroy(step->out[i]);
        glia_tensor_destroy(step->scores[i]);
        glia_tensor_destroy(step->score_targets[i]);
    }
    glia_tensor_destroy(step->seed);
    glia_dataset_destroy(step->resident);
    gli_free(ctx, step->augment, (size_t)step->n_in, sizeof *step->augment);
    gli_free(ctx, step, 1, sizeof *step);
}

void gli_steps_free(glia_context *ctx, gli_step *first) {
    while (first) {
        gli_step *step = first;
        first          = step->next;
        step_free(ctx, step);
    }
}

static bool same_inspection(const gli_inspection *a, const gli_inspection *b) {
    return a->value == b->value && a->of == b->of && a->largest == b->largest;
}

static bool same_augment(const gli_step *step, const gli_step_request *r) {
    if (!step->augment || !r->augment) return !step->augment && !r->augment;
    return memcmp(step->augment, r->augment, (size_t)step->n_in * sizeof *step->augment) == 0;
}

static bool serves(const gli_step *step, const gli_step_request *r) {
    if (step->kind != r->kind || step->batch != r->batch || step->n_in != r->n_in || step->resident != r->resident ||
        step->unchecked != r->unchecked || step->watched != r->watched ||
        !same_inspection(&step->inspection, &r->inspection) || !same_augment(step, r))
        return false;
    for (int i = 0; i < r->n_in; ++i) {
        const glia_shape *a = &step->spec[i].shape, *b = &r->spec[i].shape;
        if (step->spec[i].dtype != r->spec[i].dtype || a->ndim != b->ndim) return false;
        if (memcmp(a->dim, b->dim, (size_t)a->ndim * sizeof *a->dim) != 0) return false;
    }
    return true;
}

/* Moves a step to the front of the list, and frees the least recently used ones beyond GLI_MAX_STEPS. */
static void keep_first(glia_model *model, gli_step *step) {
    int kept                        = 1;
    step->next                      = model->training->compiled.steps;
    model->training->compiled.steps = step;
    while (kept < GLI_MAX_STEPS && step->next) step = step->next, ++kept;
    gli_steps_free(model->ctx, step->next);
    step->next = NULL;
}

/* Takes the step that serves a request out of the list; NULL: there is none. */
static gli_step *take(glia_model *model, const gli_step_request *request) {
    for (gli_step **link = &model->training->compiled.steps; *link; link = &(*link)->next) {
        gli_step *step = *link;
        if (!serves(step, request)) continue;
        *link = step->next;
        return step;
    }
    return NULL;
}

static glia_status keep_augment(glia_context *ctx, const gli_step_request *request, gli_step *step) {
    const size_t n = (size_t)request->n_in;
    void *memory;
    if (!request->augment) return GLIA_OK;
    GLI_TRY(gli_new(ctx, n, sizeof *step->augment, "a plan", &memory));
    step->augment = memcpy(memory, request->augment, n * sizeof *step->augment);
    return GLIA_OK;
}

static glia_status create(glia_model *model, const gli_step_request *request, gli_step **out) {
    void *memory;
    GLI_TRY(gli_new(model->ctx, 1, sizeof **out, "a plan", &memory));
    gli_step *step   = memory;
    step->kind       = request->kind;
    step->batch      = request->batch;
    step->n_in       = request->n_in;
    step->unchecked  = request->unchecked;
    step->watched    = request->watched;
    step->inspection = request->inspection;
    step->resident   = request->resident;
    if (step->resident) gli_dataset_retain(step->resident);
    if (request->n_in > 0) memcpy(step->spec, request->spec, (size_t)request->n_in * sizeof *request->spec);
    const gli_span span = gli_span_begin(model->ctx);
    glia_status status  = keep_augment(model->ctx, request, step);
    if (status == GLIA_OK) status = make_tensors(model, step);
    if (status == GLIA_OK) status = make_plan(model, step);
    gli_span_end(model->ctx, "planning", span);
    if (status != GLIA_OK) return step_free(model->ctx, step), status;
    *out = step;
    return GLIA_OK;
}

/* Memory was too small for this batch. Adds to the message the largest batch that fits, by bisection: makes and frees
 * steps for smaller batches. */
static glia_status name_batch_that_fits(glia_model *model, const gli_step_request *request) {
    char message[sizeof model->ctx->message];
    memcpy(message, model->ctx->message, sizeof message);
    int64_t fits = 0, too_large = request->batch;
    while (too_large - fits > 1) {
        gli_step_request smaller = *request;
        smaller.batch            = fits + (too_large - fits) / 2;
        gli_step *step;
        gli_prepared_trim(model->ctx);
        const glia_status status = create(model, &smaller, &step);
        if (status == GLIA_DEVICE_LOST) return status;
        if (status == GLIA_OK) step_free(model->ctx, step);
        *(status == GLIA_OK ? &fits : &too_large) = smaller.batch;
    }
    if (fits == 0)
        return gli_fail(model->ctx, GLIA_OUT_OF_MEMORY, "%s; a batch of one sample would not fit either", message);
    return gli_fail(model->ctx, GLIA_OUT_OF_MEMORY, "%s; a batch of %lld would fit", message, (long long)fits);
}

/* Frees plans of other batch sizes, and prepared calls that no plan uses; they are made again when needed. */
static bool free_cached(glia_model *model) {
    const bool plans = model->training->compiled.steps != NULL;
    gli_steps_free(model->ctx, model->training->compiled.steps);
    model->training->compiled.steps = NULL;
    if (!gli_prepared_trim(model->ctx) && !plans) return false;
    gli_log(model->ctx, GLI_LOG_INFO, "the plans that were kept are given up, because: %s", model->ctx->message);
    return true;
}

glia_status gli_step_get(glia_model *model, const gli_step_request *request, gli_step **out) {
    if (request->kind != GLI_PASS_UPDATE) GLI_TRY(check_specs(model, request->kind, request->spec, request->n_in));
    gli_step *step = take(model, request);
    if (!step) {
        glia_status status = create(model, request, &step);
        if (status == GLIA_OUT_OF_MEMORY && free_cached(model)) status = create(model, request, &step);
        if (status == GLIA_OUT_OF_MEMORY && request->kind != GLI_PASS_UPDATE)
            return name_batch_that_fits(model, request);
        GLI_TRY(status);
    }
    keep_first(model, step);
    *out = step;
    return GLIA_OK;
}

glia_status gli_steps_begin(glia_model *model, gli_pass_kind kind, int64_t position) {
    const int64_t first[GLI_COUNTERS] = {[GLI_COUNTER_BATCH]    = model->training->batches + 1,
                                         [GLI_COUNTER_UPDATE]   = model->training->compiled.updates + 1,
                                         [GLI_COUNTER_POSITION] = position,
                                         [GLI_COUNTER_EPOCH]    = model->training->epochs};
    if (kind == GLI_PASS_TRAIN) GLI_TRY(glia_tensor_fill(model->training->compiled.failed, 0));
    return glia_tensor_write(counters_of(model, kind), first, sizeof first);
}

glia_status gli_step_run(glia_model *model, gli_step *step) {
    const glia_tensor *in[GLI_MAX_STEP_INPUTS];
    const int n_in  = step->resident ? 0 : step->n_in;
    const int n_out = step->kind == GLI_PASS_CONFUSION ? 0 : step->n_out; /* counts are a state of the plan */
    for (int i = 0; i < n_in; ++i) in[i] = step->in[i];
    GLI_TRY(gli_weights_refresh(model));
    GLI_TRY(glia_plan_run(step->plan, in, n_in, step->out, n_out));
    if (step->kind == GLI_PASS_TRAIN || step->kind == GLI_PASS_ACCUMULATE) ++model->training->batches;
    if (step->kind == GLI_PASS_TRAIN || step->kind == GLI_PASS_UPDATE) ++model->training->compiled.updates;
    const gli_span span      = gli_span_begin(model->ctx);
    const glia_status status = gli_scores_take(model, step);
    gli_span_end(model->ctx, "metrics", span);
    return status;
}

glia_status gli_failed_batch(const glia_model *model, int64_t *batch) {
    const gli_span span      = gli_span_begin(model->ctx);
    const glia_status status = glia_tensor_read(model->training->compiled.failed, batch, sizeof *batch);
    gli_span_end(model->ctx, "checks", span);
    return status;
}
