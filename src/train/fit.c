/* The loops over a dataset: fit, evaluate, predict. */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/dtype.h"
#include "core/size.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "train/progress.h"
#include "train/step.h"

enum { DEFAULT_BATCH = 32, DEFAULT_EVALUATION_BATCH = 256 };

static int batch_size_of(const glia_model *model, int given, int fallback) {
    return given ? given : model->stateful_batch ? model->stateful_batch : fallback;
}

/* What a pass needs: the dataset's specs once, and a loader. */
typedef struct pass {
    glia_model *model;
    gli_pass_kind kind;
    int n_spec;
    gli_sample_spec spec[2 * GLIA_MAX_FIELDS];
    gli_loader loader;
    bool resident; /* the samples are on the device, and the steps take them from there */
    bool begun;    /* the steps' counters are set */
} pass;

static gli_sample_spec spec_of(glia_field field) {
    return (gli_sample_spec){.dtype = field.dtype, .shape = field.shape};
}

static glia_status check_data(const glia_model *model, const glia_dataset *data, const char *call) {
    glia_context *ctx = model->ctx;
    GLI_REQUIRE(ctx, model->compiled, GLIA_INVALID_ARGUMENT, "%s: the model is not compiled, or was changed since",
                call);
    GLI_REQUIRE(ctx, data, GLIA_INVALID_ARGUMENT, "%s: the dataset is NULL", call);
    GLI_REQUIRE(ctx, data->ctx == ctx, GLIA_DEVICE_MISMATCH, "%s: the dataset belongs to another context", call);
    GLI_REQUIRE(ctx, glia_dataset_count(data) > 0, GLIA_INVALID_ARGUMENT, "%s: the dataset has no samples", call);
    GLI_REQUIRE(ctx, glia_dataset_inputs(data) == model->n_inputs, GLIA_SHAPE_MISMATCH,
                "%s: the dataset has %d inputs, the model %d", call, glia_dataset_inputs(data), model->n_inputs);
    return GLIA_OK;
}

/* States belong to the position of a sample in its batch. */
static glia_status check_states(const glia_model *model, const glia_dataset *data, const gli_loader_args *args,
                                const char *call) {
    const int samples = model->stateful_batch;
    if (samples == 0) return GLIA_OK;
    const char *layer = model->layers[model->stateful_layer].label;
    GLI_REQUIRE(model->ctx, args->batch_size == samples, GLIA_SHAPE_MISMATCH,
                "%s: batches of %lld, but %s has a stateful_batch of %d", call, (long long)args->batch_size, layer,
                samples);
    GLI_REQUIRE(model->ctx, glia_dataset_count(data) % samples == 0, GLIA_SHAPE_MISMATCH,
                "%s: %lld samples are no multiple of %d, the stateful_batch of %s", call,
                (long long)glia_dataset_count(data), samples, layer);
    GLI_REQUIRE(model->ctx, !args->shuffle, GLIA_INVALID_ARGUMENT,
                "%s: in_order is false, but %s has a stateful_batch: shuffled samples do not go on", call, layer);
    return GLIA_OK;
}

/* The context and the model outlive the call, whatever its callbacks do. Generators, logs and custom ops run in the
 * middle of a step, and cannot use the model. */
static glia_status call_begin(glia_model *model, const char *call) {
    glia_context *ctx = model->ctx;
    GLI_TRY(gli_enter(ctx));
    if (model->in_use) {
        gli_fail(ctx, GLIA_BUSY, "%s: another call of the model is in the middle of a step", call);
        gli_leave(ctx);
        return GLIA_BUSY;
    }
    gli_context_retain(ctx);
    model->in_use = true;
    ++model->passes;
    return GLIA_OK;
}

static glia_status call_end(glia_model *model, glia_status status) {
    glia_context *ctx = model->ctx;
    model->in_use     = false;
    if (--model->passes == 0 && model->destroyed) glia_model_destroy(model);
    gli_leave(ctx);
    gli_context_release(ctx);
    return status;
}

static glia_status pass_begin(pass *p, glia_model *model, gli_pass_kind kind, glia_dataset *data,
                              const gli_loader_args *args, const char *call) {
    *p = (pass){.model = model, .kind = kind};
    GLI_TRY(check_data(model, data, call));
    GLI_TRY(check_states(model, data, args, call));
    const int targets = kind == GLI_PASS_PREDICT ? 0 : glia_dataset_targets(data);
    GLI_REQUIRE(model->ctx, kind == GLI_PASS_PREDICT || targets == gli_trainer_targets(model->trainer),
                GLIA_SHAPE_MISMATCH, "%s: the dataset has %d targets, the model has %d outputs with a loss", call,
                targets, gli_trainer_targets(model->trainer));
    GLI_REQUIRE(model->ctx, kind != GLI_PASS_TRAIN || targets > 0, GLIA_INVALID_ARGUMENT, "%s: no output has a loss",
                call);
    for (int i = 0; i < model->n_inputs; ++i) p->spec[p->n_spec++] = spec_of(glia_dataset_input(data, i));
    for (int i = 0; i < targets; ++i) p->spec[p->n_spec++] = spec_of(glia_dataset_target(data, i));
    GLI_TRY(gli_dataset_make_resident(data, &p->resident));
    return gli_loader_create(data, args, &p->loader);
}

static glia_status pass_get(const pass *p, int64_t batch, gli_step **step) {
    const gli_step_request request = {.kind     = p->kind,
                                      .batch    = batch,
                                      .n_in     = p->n_spec,
                                      .spec     = p->spec,
                                      .resident = p->resident ? p->loader.dataset : NULL};
    return gli_step_get(p->model, &request, step);
}

/* Before the first batch of an epoch. */
static glia_status pass_start(pass *p) {
    p->begun = true;
    if (p->resident) GLI_TRY(gli_dataset_upload_order(p->loader.dataset, p->loader.order.data));
    return p->resident || p->kind == GLI_PASS_TRAIN ? gli_steps_begin(p->model, p->kind) : GLIA_OK;
}

/* Loads the next batch and runs its step; *step is NULL after the last one. */
static glia_status pass_step(pass *p, gli_step **step) {
    const int64_t batch = gli_loader_peek(&p->loader);
    *step               = NULL;
    if (batch == 0) return GLIA_OK;
    GLI_REQUIRE(p->model->ctx, !p->model->destroyed, GLIA_CANCELLED, "the model was destroyed while it ran");
    gli_step *next;
    GLI_TRY(pass_get(p, batch, &next));
    if (!p->begun) GLI_TRY(pass_start(p));
    const bool targets = next->n_in > p->model->n_inputs;
    if (p->resident)
        gli_loader_skip(&p->loader);
    else
        GLI_TRY(gli_loader_next(&p->loader, next->in, targets ? next->in + p->model->n_inputs : NULL));
    GLI_TRY(gli_step_run(p->model, next));
    *step = next;
    return GLIA_OK;
}

/* Prefixes the last message. */
static glia_status explain(glia_context *ctx, glia_status status, const char *words) {
    char message[sizeof ctx->message];
    memcpy(message, ctx->message, sizeof message);
    return gli_fail(ctx, status, "%s: %s", words, message);
}

/* Plans all steps of an epoch, so that errors occur before any state changes. */
static glia_status pass_plan(const pass *p, const char *call) {
    const int64_t count = p->loader.dataset->count, size = gli_min_i64(p->loader.args.batch_size, count);
    gli_step *step;
    GLI_TRY(pass_get(p, size, &step));
    if (count % size == 0) return GLIA_OK;
    char words[96];
    snprintf(words, sizeof words, "%s: the last batch, of %lld samples", call, (long long)(count % size));
    const glia_status status = pass_get(p, count % size, &step);
    return status == GLIA_OK ? GLIA_OK : explain(p->model->ctx, status, words);
}

/* ---- evaluate ---- */

static glia_status evaluate(glia_model *model, glia_dataset *data, int batch_size, glia_result *out, const char *call) {
    pass p;
    GLI_REQUIRE(model->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", call);
    GLI_REQUIRE(model->ctx, batch_size >= 0, GLIA_INVALID_ARGUMENT, "%s: batch_size is %d, must not be negative", call,
                batch_size);
    const gli_loader_args args = {.batch_size = batch_size_of(model, batch_size, DEFAULT_EVALUATION_BATCH)};
    glia_status status         = pass_begin(&p, model, GLI_PASS_EVALUATE, data, &args, call);
    gli_step *step             = NULL;
    if (status == GLIA_OK) status = gli_results_reset(model->trainer);
    if (status == GLIA_OK) status = pass_step(&p, &step);
    while (status == GLIA_OK && step) status = pass_step(&p, &step);
    gli_loader_destroy(&p.loader);
    return status == GLIA_OK ? gli_results_read(model->trainer, out) : status;
}

glia_status glia_model_evaluate(glia_model *model, glia_dataset *data, int batch_size, glia_result *out) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(call_begin(model, "glia_model_evaluate"));
    return call_end(model, evaluate(model, data, batch_size, out, "glia_model_evaluate"));
}

/* ---- fit ---- */

static glia_status train_epoch(pass *p, const glia_fit_args *args, gli_progress_view *view, glia_epoch *epoch) {
    const double start  = gli_seconds();
    const int64_t total = gli_loader_batches(&p->loader);
    gli_step *step;
    GLI_TRY(gli_results_reset(p->model->trainer));
    gli_loader_begin(&p->loader, p->model->trainer->epochs);
    p->begun = false;
    for (epoch->steps = 0; epoch->steps < total; ++epoch->steps) {
        GLI_TRY(pass_step(p, &step));
        if (epoch->steps == 0) epoch->plan_bytes = glia_plan_bytes(step->plan);
        gli_progress_step(view, epoch->epoch, epoch->epochs, epoch->steps + 1, total);
    }
    epoch->host_seconds = gli_seconds() - start;
    GLI_TRY(gli_results_read(p->model->trainer, &epoch->train));
    ++p->model->trainer->epochs;
    epoch->seconds        = gli_seconds() - start;
    epoch->has_validation = args->validation != NULL;
    return args->validation ? evaluate(p->model, args->validation, 0, &epoch->validation, "glia_model_fit: validation")
                            : GLIA_OK;
}

static glia_status check_validation(glia_model *model, glia_dataset *data) {
    const char *call           = "glia_model_fit: validation";
    const gli_loader_args args = {.batch_size = batch_size_of(model, 0, DEFAULT_EVALUATION_BATCH)};
    pass p;
    glia_status status = pass_begin(&p, model, GLI_PASS_EVALUATE, data, &args, call);
    if (status == GLIA_OK) status = pass_plan(&p, call);
    gli_loader_destroy(&p.loader);
    return status;
}

/* A message that a call in the callback left is kept. */
static glia_status call_back(glia_model *model, const glia_fit_args *args, const glia_epoch *epoch) {
    glia_context *ctx = model->ctx;
    char before[sizeof ctx->message], words[96];
    if (!args->on_epoch) return GLIA_OK;
    memcpy(before, ctx->message, sizeof before);
    model->in_use            = false;
    const glia_status status = args->on_epoch(args->user, epoch);
    model->in_use            = true;
    if (status == GLIA_OK) return GLIA_OK;
    snprintf(words, sizeof words, "glia_model_fit: on_epoch returned %s", glia_status_name(status));
    return strcmp(before, ctx->message) == 0 ? gli_fail(ctx, status, "%s", words) : explain(ctx, status, words);
}

static glia_status fit(glia_model *model, glia_dataset *data, const glia_fit_args *args) {
    pass p;
    GLI_REQUIRE(model->ctx, args->epochs >= 0 && args->batch_size >= 0, GLIA_INVALID_ARGUMENT,
                "glia_model_fit: epochs is %d and batch_size %d, must not be negative", args->epochs, args->batch_size);
    GLI_REQUIRE(model->ctx, (unsigned)args->progress <= GLIA_PROGRESS_LINES, GLIA_INVALID_ARGUMENT,
                "glia_model_fit: invalid progress %d", (int)args->progress);
    if (args->validation) GLI_TRY(check_validation(model, args->validation));
    const gli_loader_args loader = {.batch_size = batch_size_of(model, args->batch_size, DEFAULT_BATCH),
                                    .shuffle    = !args->in_order,
                                    .seed       = model->ctx->seed};
    glia_status status           = pass_begin(&p, model, GLI_PASS_TRAIN, data, &loader, "glia_model_fit");
    const int epochs             = args->epochs ? args->epochs : 1;
    if (status == GLIA_OK) status = pass_plan(&p, "glia_model_fit");
    gli_progress_view view;
    gli_progress_begin(&view, args->progress);
    for (int i = 1; i <= epochs && status == GLIA_OK; ++i) {
        glia_epoch epoch = {.epoch = i, .epochs = epochs};
        status           = train_epoch(&p, args, &view, &epoch);
        if (status != GLIA_OK) break;
        gli_progress_epoch(&view, &epoch);
        status = call_back(model, args, &epoch);
    }
    gli_loader_destroy(&p.loader);
    return status;
}

glia_status glia_model_fit(glia_model *model, glia_dataset *data, const glia_fit_args *args) {
    const glia_fit_args defaults = {0};
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(call_begin(model, "glia_model_fit"));
    return call_end(model, fit(model, data, args ? args : &defaults));
}

/* ---- predict ---- */

static glia_status check_outputs(const glia_model *model, int64_t count, void *const *out, const size_t *bytes,
                                 int n_out) {
    glia_context *ctx = model->ctx;
    GLI_REQUIRE(ctx, out && bytes, GLIA_INVALID_ARGUMENT, "glia_model_predict: %s is NULL", out ? "bytes" : "out");
    GLI_REQUIRE(ctx, n_out >= 1 && n_out <= model->trainer->n_outputs, GLIA_INVALID_ARGUMENT,
                "glia_model_predict: %d outputs are requested, the model has %d", n_out, model->trainer->n_outputs);
    for (int i = 0; i < n_out; ++i) {
        const glia_tensor *nominal = &model->values[model->trainer->outputs[i].value].shape;
        size_t needed              = (size_t)(gli_count(nominal) / GLI_NOMINAL_BATCH) * glia_dtype_size(nominal->dtype);
        GLI_REQUIRE(ctx, out[i], GLIA_INVALID_ARGUMENT, "glia_model_predict: the memory for output %d is NULL", i);
        GLI_REQUIRE(ctx, gli_mul_size(needed, (size_t)count, &needed) && bytes[i] == needed, GLIA_INVALID_ARGUMENT,
                    "glia_model_predict: %zu bytes, output %d of %lld samples has %zu", bytes[i], i, (long long)count,
                    needed);
    }
    return GLIA_OK;
}

static glia_status predict(glia_model *model, glia_dataset *data, int batch_size, void *const *out, const size_t *bytes,
                           int n_out) {
    pass p;
    GLI_TRY(check_data(model, data, "glia_model_predict"));
    GLI_REQUIRE(model->ctx, batch_size >= 0, GLIA_INVALID_ARGUMENT,
                "glia_model_predict: batch_size is %d, must not be negative", batch_size);
    GLI_TRY(check_outputs(model, glia_dataset_count(data), out, bytes, n_out));
    const gli_loader_args args      = {.batch_size = batch_size_of(model, batch_size, DEFAULT_EVALUATION_BATCH)};
    glia_status status              = pass_begin(&p, model, GLI_PASS_PREDICT, data, &args, "glia_model_predict");
    size_t offset[GLIA_MAX_OUTPUTS] = {0};
    gli_step *step                  = NULL;
    if (status == GLIA_OK) status = pass_step(&p, &step);
    while (status == GLIA_OK && step) {
        for (int i = 0; i < n_out && status == GLIA_OK; ++i) {
            const size_t size = (size_t)gli_count(step->out[i]) * glia_dtype_size(step->out[i]->dtype);
            status            = glia_tensor_read(step->out[i], (char *)out[i] + offset[i], size);
            offset[i] += size;
        }
        if (status == GLIA_OK) status = pass_step(&p, &step);
    }
    gli_loader_destroy(&p.loader);
    return status;
}

glia_status glia_model_predict_all(glia_model *model, glia_dataset *data, int batch_size, void *const *out,
                                   const size_t *bytes, int n_out) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(call_begin(model, "glia_model_predict"));
    return call_end(model, predict(model, data, batch_size, out, bytes, n_out));
}

glia_status glia_model_predict(glia_model *model, glia_dataset *data, int batch_size, void *out, size_t bytes) {
    return glia_model_predict_all(model, data, batch_size, &out, &bytes, 1);
}

/* ---- confusion matrix ---- */

static glia_status confusion(glia_model *model, glia_dataset *data, int batch_size, int64_t *counts, size_t bytes) {
    glia_context *ctx = model->ctx;
    pass p;
    GLI_TRY(check_data(model, data, "glia_model_confusion_matrix"));
    const glia_tensor *shape = &model->values[model->trainer->outputs[0].value].shape;
    const size_t classes     = (size_t)model->trainer->outputs[0].classes;
    GLI_REQUIRE(ctx, model->trainer->outputs[0].args.loss.kind != GLIA_LOSS_NONE, GLIA_INVALID_ARGUMENT,
                "glia_model_confusion_matrix: the first output has no loss, and so no target");
    GLI_REQUIRE(ctx, shape->ndim == 2, GLIA_SHAPE_MISMATCH,
                "glia_model_confusion_matrix: the first output is %s, must be [classes]",
                gli_shape_text(shape->ndim - 1, shape->dim + 1, (char[GLI_SHAPE_TEXT]){0}));
    GLI_REQUIRE(ctx, batch_size >= 0, GLIA_INVALID_ARGUMENT,
                "glia_model_confusion_matrix: batch_size is %d, must not be negative", batch_size);
    GLI_REQUIRE(ctx, counts && bytes == classes * classes * sizeof *counts, GLIA_INVALID_ARGUMENT,
                "glia_model_confusion_matrix: %zu bytes at %p, %zu classes need %zu", bytes, (void *)counts, classes,
                classes * classes * sizeof *counts);
    const gli_loader_args args = {.batch_size = batch_size_of(model, batch_size, DEFAULT_EVALUATION_BATCH)};
    glia_status status         = pass_begin(&p, model, GLI_PASS_CONFUSION, data, &args, "glia_model_confusion_matrix");
    gli_step *step             = NULL;
    gli_block sum              = {0};
    if (status == GLIA_OK) status = gli_block_alloc(ctx, bytes, 1, "a confusion matrix", &sum);
    if (status == GLIA_OK) memset(counts, 0, bytes);
    for (bool more = status == GLIA_OK; more;) {
        const int64_t batch = gli_loader_peek(&p.loader);
        if (batch == 0) break;
        status = pass_get(&p, batch, &step);
        if (status == GLIA_OK) status = glia_tensor_fill(step->out[0], 0);
        if (status == GLIA_OK) status = pass_step(&p, &step);
        if (status == GLIA_OK) status = glia_tensor_read(step->out[0], sum.data, bytes);
        for (size_t i = 0; status == GLIA_OK && i < classes * classes; ++i) counts[i] += ((const int64_t *)sum.data)[i];
        more = status == GLIA_OK;
    }
    gli_block_free(ctx, &sum);
    gli_loader_destroy(&p.loader);
    return status;
}

glia_status glia_model_confusion_matrix(glia_model *model, glia_dataset *data, int batch_size, int64_t *counts,
                                        size_t bytes) {
    if (!model) return GLIA_INVALID_ARGUMENT;
    GLI_TRY(call_begin(model, "glia_model_confusion_matrix"));
    return call_end(model, confusion(model, data, batch_size, counts, bytes));
}
