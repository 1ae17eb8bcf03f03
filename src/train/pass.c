/* Passes over a data set: checks, batches, steps. */
#include "train/pass.h"

#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "core/trace.h"
#include "data/augmented.h"
#include "train/watched.h"

int gli_batch_size(const glia_model *model, int given, int fallback) {
    return given ? given : model->stateful_batch ? model->stateful_batch : fallback;
}

static gli_sample_spec spec_of(glia_field field) {
    return (gli_sample_spec){.dtype = field.dtype, .shape = field.shape};
}

/* Inputs go by their order; names may say that it is another. */
static glia_status check_names(const glia_model *model, const glia_dataset *data, const char *call) {
    for (int i = 0; i < model->n_inputs; ++i)
        for (int k = 0; k < model->n_inputs; ++k) {
            const char *name = glia_dataset_input(data, i).name;
            const bool moved = strcmp(name, model->inputs[k].name) == 0 && strcmp(name, model->inputs[i].name) != 0;
            GLI_REQUIRE(model->ctx, !moved, GLIA_INVALID_ARGUMENT,
                        "%s: input %d of the dataset is '%s', which is input %d of the model: glia_dataset_pick gives "
                        "them another order",
                        call, i, name, k);
        }
    return GLIA_OK;
}

glia_status gli_check_data(const glia_model *model, const glia_dataset *data, const char *call) {
    glia_context *ctx = model->ctx;
    GLI_REQUIRE(ctx, model->compiled, GLIA_INVALID_ARGUMENT, "%s: the model is not compiled, or was changed since",
                call);
    GLI_REQUIRE(ctx, data, GLIA_INVALID_ARGUMENT, "%s: the dataset is NULL", call);
    GLI_REQUIRE(ctx, data->ctx == ctx, GLIA_DEVICE_MISMATCH, "%s: the dataset belongs to another context", call);
    GLI_REQUIRE(ctx, glia_dataset_count(data) > 0, GLIA_INVALID_ARGUMENT, "%s: the dataset has no samples", call);
    GLI_REQUIRE(ctx, glia_dataset_inputs(data) == model->n_inputs, GLIA_SHAPE_MISMATCH,
                "%s: the dataset has %d inputs, the model %d", call, glia_dataset_inputs(data), model->n_inputs);
    return check_names(model, data, call);
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
    GLI_REQUIRE(model->ctx, args->drop_last || glia_dataset_count(data) % samples == 0, GLIA_SHAPE_MISMATCH,
                "%s: %lld samples are no multiple of %d, the stateful_batch of %s", call,
                (long long)glia_dataset_count(data), samples, layer);
    GLI_REQUIRE(model->ctx, !args->shuffle, GLIA_INVALID_ARGUMENT,
                "%s: in_order is false, but %s has a stateful_batch: shuffled samples do not go on", call, layer);
    return GLIA_OK;
}

glia_status gli_call_begin(glia_model *model, const char *call) {
    glia_context *ctx = model->ctx;
    GLI_TRY(gli_enter(ctx));
    if (model->in_use) {
        gli_fail(ctx, GLIA_BUSY, "%s: another call of the model is in the middle of a step", call);
        gli_leave(ctx);
        return GLIA_BUSY;
    }
    gli_context_retain(ctx);
    gli_model_retain(model);
    model->in_use = true;
    return GLIA_OK;
}

glia_status gli_call_end(glia_model *model, glia_status status) {
    glia_context *ctx = model->ctx;
    model->in_use     = false;
    gli_model_release(model);
    gli_leave(ctx);
    gli_context_release(ctx);
    return status;
}

glia_status gli_pass_begin(gli_pass *p, glia_model *model, gli_pass_kind kind, glia_dataset *data,
                           const gli_loader_args *args, const char *call) {
    *p = (gli_pass){.model = model, .kind = kind, .call = call, .accumulate = 1};
    GLI_TRY(gli_check_data(model, data, call));
    GLI_TRY(check_states(model, data, args, call));
    const int targets = gli_pass_has_targets(kind) ? glia_dataset_targets(data) : 0;
    GLI_REQUIRE(model->ctx, !gli_pass_has_targets(kind) || targets == gli_training_targets(model->training),
                GLIA_SHAPE_MISMATCH,
                "%s: the dataset has %d targets, the model takes %d: of each output with a loss, and of its "
                "sample_weights",
                call, targets, gli_training_targets(model->training));
    GLI_REQUIRE(model->ctx, kind != GLI_PASS_TRAIN || targets > 0, GLIA_INVALID_ARGUMENT, "%s: no output has a loss",
                call);
    for (int i = 0; i < model->n_inputs; ++i) p->spec[p->n_spec++] = spec_of(glia_dataset_input(data, i));
    for (int i = 0; i < targets; ++i) p->spec[p->n_spec++] = spec_of(glia_dataset_target(data, i));
    const gli_span span      = gli_span_begin(model->ctx);
    const glia_status status = gli_dataset_make_resident(data, &p->resident);
    gli_span_end(model->ctx, "data", span);
    return status != GLIA_OK ? status : gli_loader_create(data, args, &p->loader);
}

/* Functions of the user may have destroyed it. */
static glia_status require_model(const gli_pass *p) {
    GLI_REQUIRE(p->model->ctx, !p->model->destroyed, GLIA_CANCELLED, "the model was destroyed while it ran");
    return GLIA_OK;
}

glia_status gli_pass_get(const gli_pass *p, int64_t batch, gli_step **step) {
    GLI_TRY(require_model(p));
    const gli_augmented *augmented = gli_dataset_augmented(p->loader.dataset);
    const bool whole               = p->kind != GLI_PASS_TRAIN || p->accumulate == 1;
    const gli_step_request request = {.kind       = whole ? p->kind : GLI_PASS_ACCUMULATE,
                                      .batch      = batch,
                                      .n_in       = p->n_spec,
                                      .spec       = p->spec,
                                      .unchecked  = p->unchecked,
                                      .watched    = p->watched,
                                      .inspection = p->inspection,
                                      .resident   = p->resident ? gli_dataset_kept(p->loader.dataset) : NULL,
                                      .augment    = p->resident && augmented ? augmented->params : NULL};
    return gli_step_get(p->model, &request, step);
}

/* Before the first batch of an epoch. */
static glia_status pass_start(gli_pass *p) {
    if (p->resident || p->kind == GLI_PASS_TRAIN) GLI_TRY(gli_steps_begin(p->model, p->kind, p->loader.next));
    p->begun = true;
    return GLIA_OK;
}

/* A data set has one order on the device; another pass over it may have come between two steps of this one. */
static glia_status send_order(gli_pass *p) {
    glia_dataset *kept = gli_dataset_kept(p->loader.dataset);
    if (!p->resident || (p->begun && kept->order_of == p)) return GLIA_OK;
    kept->order_of = p;
    return gli_dataset_upload_order(p->loader.dataset, p->loader.order.data);
}

static glia_status make_ready(gli_pass *p) {
    GLI_TRY(send_order(p));
    return p->begun ? GLIA_OK : pass_start(p);
}

static glia_status load(gli_pass *p, gli_step *step) {
    const gli_span span      = gli_span_begin(p->model->ctx);
    const glia_status status = gli_feed_load(&step->feed, &p->loader, step->in, step->n_in, p->model->n_inputs);
    gli_span_end(p->model->ctx, "data", span);
    p->user_failed = status != GLIA_OK;
    return status;
}

glia_status gli_pass_step(gli_pass *p, gli_step **step) {
    const int64_t batch = gli_loader_peek(&p->loader);
    *step               = NULL;
    p->user_failed      = false;
    if (batch == 0) return GLIA_OK;
    gli_step *next;
    GLI_TRY(gli_pass_get(p, batch, &next));
    GLI_TRY(make_ready(p));
    if (p->resident)
        gli_loader_skip(&p->loader);
    else
        GLI_TRY(load(p, next));
    GLI_TRY(require_model(p));
    GLI_TRY(gli_step_run(p->model, next));
    *step = next;
    return GLIA_OK;
}

glia_status gli_pass_run(gli_pass *p, const gli_batch_work *work) {
    for (int64_t batch; (batch = gli_loader_peek(&p->loader)) > 0;) {
        gli_step *step;
        if (work->prepare) {
            GLI_TRY(gli_pass_get(p, batch, &step));
            GLI_TRY(work->prepare(work->to, step));
        }
        GLI_TRY(gli_pass_step(p, &step));
        GLI_TRY(work->take(work->to, step));
    }
    return GLIA_OK;
}

/* ---- Steps of several batches ---- */

int64_t gli_pass_samples(const gli_pass *p) { return p->accumulate * p->loader.args.batch_size; }

static glia_status get_update(const gli_pass *p, gli_step **step) {
    return gli_step_get(p->model, &(gli_step_request){.kind = GLI_PASS_UPDATE, .batch = 1, .unchecked = p->unchecked},
                        step);
}

static glia_status train_group(gli_pass *p, size_t *plan_bytes) {
    const int64_t end = gli_min_i64(p->loader.next + gli_pass_samples(p), gli_loader_samples(&p->loader));
    gli_step *step;
    GLI_TRY(gli_accumulation_prepare(p->model)); /* a callback may have compiled the model */
    GLI_TRY(make_ready(p)); /* before the buffers are kept, which depends on whether a step of this epoch failed */
    GLI_TRY(gli_accumulation_begin(p->model, end - p->loader.next));
    for (*plan_bytes = 0; p->loader.next < end;) {
        GLI_TRY(gli_pass_step(p, &step));
        if (*plan_bytes == 0) *plan_bytes = glia_plan_bytes(step->plan);
    }
    GLI_TRY(get_update(p, &step));
    return gli_step_run(p->model, step);
}

glia_status gli_pass_train(gli_pass *p, size_t *plan_bytes) {
    gli_step *step;
    if (p->watched) GLI_TRY(gli_watched_prepare(p->model));
    if (p->accumulate > 1) return train_group(p, plan_bytes);
    GLI_TRY(gli_pass_step(p, &step));
    *plan_bytes = glia_plan_bytes(step->plan);
    return GLIA_OK;
}

glia_status gli_pass_plan(const gli_pass *p, const char *call) {
    const int64_t count = gli_loader_samples(&p->loader), size = gli_min_i64(p->loader.args.batch_size, count);
    gli_step *step;
    if (p->accumulate > 1) {
        GLI_TRY(gli_accumulation_prepare(p->model));
        GLI_TRY(get_update(p, &step));
    }
    GLI_TRY(gli_pass_get(p, size, &step));
    if (count % size == 0) return GLIA_OK;
    char words[96];
    snprintf(words, sizeof words, "%s: the last batch, of %lld samples", call, (long long)(count % size));
    const glia_status status = gli_pass_get(p, count % size, &step);
    return status == GLIA_OK ? GLIA_OK : gli_explain(p->model->ctx, status, words);
}
