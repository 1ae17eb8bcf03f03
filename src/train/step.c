/* Plans of a model, one for each use and batch size. */
#include "train/step.h"

#include <string.h>

#include "core/dtype.h"
#include "core/prepared.h"
#include "graph/graph_impl.h"

int gli_model_targets(const glia_model *model) {
    int count = 0;
    for (int i = 0; i < model->n_outputs; ++i) count += model->outputs[i].args.loss != GLIA_NO_LOSS;
    return count;
}

static bool wants_targets(gli_use use) { return use != GLI_USE_PREDICT; }

/* [batch, shape of the sample] */
static glia_shape batched(const gli_sample_spec *spec, int64_t batch) {
    glia_shape shape = {.ndim = spec->shape.ndim + 1, .dim = {batch}};
    memcpy(shape.dim + 1, spec->shape.dim, (size_t)spec->shape.ndim * sizeof *shape.dim);
    return shape;
}

static glia_status check_specs(const glia_model *model, gli_use use, const gli_sample_spec *spec, int n_in) {
    const int needed = model->n_inputs + (wants_targets(use) ? gli_model_targets(model) : 0);
    GLI_REQUIRE(model->ctx, model->compiled, GLIA_INVALID_ARGUMENT, "the model was changed and not compiled again");
    GLI_REQUIRE(model->ctx, n_in == needed, GLIA_SHAPE_MISMATCH,
                "the dataset has %d inputs and targets, the model needs %d", n_in, needed);
    for (int i = 0; i < model->n_inputs; ++i) {
        const glia_tensor *want = &model->values[model->inputs[i].value].shape;
        glia_tensor given       = {0};
        const glia_shape shape  = batched(&spec[i], GLI_RECIPE_BATCH);
        gli_set_shape(&given, spec[i].dtype, shape.ndim, shape.dim);
        GLI_REQUIRE(model->ctx, gli_same_shape(want, &given), GLIA_SHAPE_MISMATCH,
                    "input '%s' takes samples %s, the dataset has %s", model->inputs[i].name,
                    gli_shape_text(want->ndim - 1, want->dim + 1, (char[GLI_SHAPE_TEXT]){0}),
                    gli_shape_text(given.ndim - 1, given.dim + 1, (char[GLI_SHAPE_TEXT]){0}));
        const bool same = want->dtype == given.dtype || (gli_dtype_is_float(want->dtype) && given.dtype == GLIA_F32);
        GLI_REQUIRE(model->ctx, same, GLIA_DTYPE_MISMATCH, "input '%s' takes %s, the dataset has %s",
                    model->inputs[i].name, glia_dtype_name(want->dtype), glia_dtype_name(given.dtype));
    }
    return GLIA_OK;
}

/* Inputs of the graph after those of the model. */
static void emit_targets(const gli_emission *e, const gli_step *step, glia_value *targets) {
    for (int t = 0; t < gli_model_targets(e->model); ++t) {
        const int i                 = e->model->n_inputs + t;
        const gli_sample_spec *spec = &step->spec[i];
        targets[t] =
            e->given ? e->given[i] : glia_graph_input(e->graph, "target", spec->dtype, batched(spec, e->batch));
    }
}

/* The next batch of a resident data set, from where the counters say. */
static void emit_samples(const gli_emission *e, const gli_step *step, glia_value *samples) {
    const glia_dataset *root            = gli_dataset_root(step->resident);
    const glia_take_batch_params params = {.batch = (int)e->batch};
    const glia_value position           = gli_emit_counter(e, GLI_COUNTER_POSITION);
    const glia_value order              = glia_graph_tensor(e->graph, "order", step->resident->resident_order);
    for (int i = 0; i < step->n_in; ++i) {
        const gli_data_field *field = &root->fields[i];
        glia_value in[]             = {glia_graph_tensor(e->graph, field->name, field->resident), order, position, {0}};
        if (field->resident_table) in[3] = glia_graph_tensor(e->graph, "table", field->resident_table);
        gli_graph_call(e->graph, &gli_op_take_batch, &params, in, 4, &samples[i], 1);
    }
}

/* Last of all, so that nothing of this step sees the numbers of the next. */
static void emit_advance(const gli_emission *e, const gli_step *step) {
    const glia_increment_params params = {
        .by = {[GLI_COUNTER_STEP] = 1, [GLI_COUNTER_UPDATE] = 1, [GLI_COUNTER_POSITION] = e->batch}};
    glia_value next;
    if (step->use != GLI_USE_TRAIN && !step->resident) return;
    gli_graph_call(e->graph, &gli_op_increment, &params, &e->counters, 1, &next, 1);
    glia_graph_assign(e->graph, e->counters, next);
}

static glia_value argmax(const gli_emission *e, glia_value x) {
    glia_value out;
    return gli_graph_call(e->graph, &gli_op_argmax, &(glia_argmax_params){.axes = GLIA_AXIS(1)}, &x, 1, &out, 1);
}

static void emit_confusion(gli_emission *e, const gli_step *step, glia_value target, glia_value *out) {
    const glia_value prediction               = e->map[e->model->outputs[0].value];
    const glia_dtype dtype                    = glia_graph_dtype(e->graph, target);
    const glia_output_args *args              = &e->model->outputs[0].args;
    const glia_confusion_matrix_params params = {.ignore_index = args->ignore_index, .ignore = args->ignore};
    if (dtype != GLIA_I32 && dtype != GLIA_I64) target = argmax(e, target);
    const glia_value state = glia_graph_tensor(e->graph, "counts", step->out[0]);
    gli_graph_call(e->graph, &gli_op_confusion_matrix, &params, (glia_value[]){prediction, target, state}, 3, out, 1);
    glia_graph_assign(e->graph, state, *out);
}

/* Adds what this use needs, and says which values the plan hands out. */
static int emit_use(gli_emission *e, const gli_step *step, glia_value *outputs) {
    glia_value targets[GLIA_MAX_OUTPUTS] = {{0}}, total;
    gli_model_emit(e);
    if (wants_targets(step->use)) emit_targets(e, step, targets);
    glia_value keep[GLIA_MAX_OUTPUTS];
    for (int i = 0; i < e->model->n_outputs; ++i) keep[i] = e->map[e->model->outputs[i].value];
    switch (step->use) {
        case GLI_USE_TRAIN:
            gli_emit_losses(e, targets, &total);
            gli_graph_fuse(e->graph, &total, total.id > 0);
            gli_emit_training(e, total);
            return 0;
        case GLI_USE_EVALUATE: gli_emit_losses(e, targets, &total); return 0;
        case GLI_USE_CONFUSION: emit_confusion(e, step, targets[0], outputs); return 0;
        case GLI_USE_PREDICT:
            memcpy(outputs, keep, (size_t)e->model->n_outputs * sizeof *keep);
            return e->model->n_outputs;
    }
    return 0;
}

static glia_tensor *counters_of(const glia_model *model, gli_use use) {
    return use == GLI_USE_TRAIN ? model->training.counters : model->training.cursor;
}

static glia_status make_plan(glia_model *model, gli_step *step) {
    glia_graph *graph;
    void *map = NULL;
    GLI_TRY(glia_graph_create(model->ctx, &graph));
    glia_status status = gli_new(model->ctx, (size_t)model->n_values, sizeof(glia_value), "a graph", &map);
    if (status == GLIA_OK) {
        glia_value outputs[GLIA_MAX_OUTPUTS], samples[GLI_MAX_STEP_INPUTS];
        gli_emission e = {
            .model = model, .graph = graph, .training = step->use == GLI_USE_TRAIN, .batch = step->batch, .map = map};
        for (int i = 0; i < model->n_inputs; ++i) e.input_dtype[i] = step->spec[i].dtype;
        e.vector   = glia_graph_tensor(graph, "weights", model->training.vector);
        e.counters = glia_graph_tensor(graph, "counters", counters_of(model, step->use));
        if (step->resident) emit_samples(&e, step, samples), e.given = samples;
        const int n_out = emit_use(&e, step, outputs);
        emit_advance(&e, step);
        status = glia_graph_status(graph);
        if (status == GLIA_OK) status = glia_plan_create(graph, outputs, n_out, &step->plan);
    }
    gli_free(model->ctx, map, (size_t)model->n_values, sizeof(glia_value));
    glia_graph_destroy(graph);
    return status;
}

static glia_status make_tensors(glia_model *model, gli_step *step) {
    for (int i = 0; i < step->n_in && !step->resident; ++i)
        GLI_TRY(
            glia_tensor_create(model->ctx, step->spec[i].dtype, batched(&step->spec[i], step->batch), &step->in[i]));
    if (step->use == GLI_USE_CONFUSION) {
        const int64_t classes = model->outputs[0].classes;
        step->n_out           = 1;
        return glia_tensor_create(model->ctx, GLIA_I64, GLIA_SHAPE(classes, classes), &step->out[0]);
    }
    if (step->use != GLI_USE_PREDICT) return GLIA_OK;
    for (int i = 0; i < model->n_outputs; ++i) {
        const glia_tensor *nominal = &model->values[model->outputs[i].value].shape;
        glia_shape shape           = {.ndim = nominal->ndim};
        memcpy(shape.dim, nominal->dim, (size_t)nominal->ndim * sizeof *shape.dim);
        shape.dim[0] = step->batch;
        GLI_TRY(glia_tensor_create(model->ctx, nominal->dtype, shape, &step->out[i]));
        step->n_out = i + 1;
    }
    return GLIA_OK;
}

static void step_free(glia_context *ctx, gli_step *step) {
    glia_plan_destroy(step->plan);
    for (int i = 0; i < GLI_MAX_STEP_INPUTS; ++i) glia_tensor_destroy(step->in[i]);
    for (int i = 0; i < GLIA_MAX_OUTPUTS; ++i) glia_tensor_destroy(step->out[i]);
    glia_dataset_destroy(step->resident);
    gli_free(ctx, step, 1, sizeof *step);
}

void gli_steps_free(glia_context *ctx, gli_step *first) {
    while (first) {
        gli_step *step = first;
        first          = step->next;
        step_free(ctx, step);
    }
}

static bool serves(const gli_step *step, const gli_step_request *r) {
    if (step->use != r->use || step->batch != r->batch || step->n_in != r->n_in || step->resident != r->resident)
        return false;
    for (int i = 0; i < r->n_in; ++i) {
        const glia_shape *a = &step->spec[i].shape, *b = &r->spec[i].shape;
        if (step->spec[i].dtype != r->spec[i].dtype || a->ndim != b->ndim) return false;
        if (memcmp(a->dim, b->dim, (size_t)a->ndim * sizeof *a->dim) != 0) return false;
    }
    return true;
}

/* Puts a step before the others; those that have not been used for the longest time go. */
static void keep_first(glia_model *model, gli_step *step) {
    int kept              = 1;
    step->next            = model->training.plans;
    model->training.plans = step;
    while (kept < GLI_MAX_STEPS && step->next) step = step->next, ++kept;
    gli_steps_free(model->ctx, step->next);
    step->next = NULL;
}

/* The step that is there already, taken out of the list; NULL: none. */
static gli_step *take(glia_model *model, const gli_step_request *request) {
    for (gli_step **at = &model->training.plans; *at; at = &(*at)->next) {
        gli_step *step = *at;
        if (!serves(step, request)) continue;
        *at = step->next;
        return step;
    }
    return NULL;
}

static glia_status create(glia_model *model, const gli_step_request *request, gli_step **out) {
    void *memory;
    GLI_TRY(gli_new(model->ctx, 1, sizeof **out, "a plan", &memory));
    gli_step *step = memory;
    step->use      = request->use;
    step->batch    = request->batch;
    step->n_in     = request->n_in;
    step->resident = request->resident;
    if (step->resident) gli_dataset_retain(step->resident);
    memcpy(step->spec, request->spec, (size_t)request->n_in * sizeof *request->spec);
    glia_status status = make_tensors(model, step);
    if (status == GLIA_OK) status = make_plan(model, step);
    if (status != GLIA_OK) return step_free(model->ctx, step), status;
    *out = step;
    return GLIA_OK;
}

/* Memory was too small for this batch. Adds to the message which one it is large enough for: steps for smaller ones are
 * made and freed again, halving the range in which the answer lies. */
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

/* Plans of other batch sizes, and prepared calls that no plan uses; they are made again when needed. */
static bool give_up_what_is_kept(glia_model *model) {
    const bool plans = model->training.plans != NULL;
    gli_steps_free(model->ctx, model->training.plans);
    model->training.plans = NULL;
    if (!gli_prepared_trim(model->ctx) && !plans) return false;
    gli_log(model->ctx, GLI_LOG_INFO, "the plans that were kept are given up, because: %s", model->ctx->message);
    return true;
}

glia_status gli_step_get(glia_model *model, const gli_step_request *request, gli_step **out) {
    GLI_TRY(check_specs(model, request->use, request->spec, request->n_in));
    gli_step *step = take(model, request);
    if (!step) {
        glia_status status = create(model, request, &step);
        if (status == GLIA_OUT_OF_MEMORY && give_up_what_is_kept(model)) status = create(model, request, &step);
        if (status == GLIA_OUT_OF_MEMORY) return name_batch_that_fits(model, request);
        GLI_TRY(status);
    }
    keep_first(model, step);
    *out = step;
    return GLIA_OK;
}

glia_status gli_steps_begin(glia_model *model, gli_use use) {
    const int64_t first[GLI_COUNTERS] = {
        [GLI_COUNTER_STEP] = model->steps + 1, [GLI_COUNTER_UPDATE] = model->training.updates + 1};
    return glia_tensor_write(counters_of(model, use), first, sizeof first);
}

glia_status gli_step_run(glia_model *model, gli_step *step) {
    const glia_tensor *in[GLI_MAX_STEP_INPUTS];
    const int n_in  = step->resident ? 0 : step->n_in;
    const int n_out = step->use == GLI_USE_PREDICT ? step->n_out : 0;
    for (int i = 0; i < n_in; ++i) in[i] = step->in[i];
    GLI_TRY(glia_plan_run(step->plan, in, n_in, step->out, n_out));
    if (step->use == GLI_USE_TRAIN) ++model->steps, ++model->training.updates;
    return GLIA_OK;
}
