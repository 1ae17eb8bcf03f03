#include "train/trainer.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/device.h"
#include "core/size.h"
#include "core/trace.h"
#include "train/diagnosis.h"
#include "train/evaluate.h"
#include "train/loss_scale.h"

/* How long a trainer runs, at most, before it looks whether all numbers are finite: each look waits for the device. */
#define LOOK_SECONDS 1.0

/* ---- Callbacks ---- */

typedef enum event { BEGIN, BATCH_END, EVALUATION_END, EPOCH_END, NOT_FINITE, STOP, END } event;

typedef glia_status (*handler)(void *user, const glia_event *event);

static handler handler_of(const glia_callback *callback, event kind) {
    switch (kind) {
        case BEGIN: return callback->on_begin;
        case BATCH_END: return callback->on_batch_end;
        case EVALUATION_END: return callback->on_evaluation_end;
        case EPOCH_END: return callback->on_epoch_end;
        case NOT_FINITE: return callback->on_not_finite;
        case STOP: return callback->on_stop;
        case END: return callback->on_end;
    }
    return NULL;
}

/* What was begun is ended, whatever else fails. */
static glia_status notify(glia_trainer *t, event kind) {
    static const char *const name[] = {[BEGIN]          = "on_begin",
                                       [BATCH_END]      = "on_batch_end",
                                       [EVALUATION_END] = "on_evaluation_end",
                                       [EPOCH_END]      = "on_epoch_end",
                                       [NOT_FINITE]     = "on_not_finite",
                                       [STOP]           = "on_stop",
                                       [END]            = "on_end"};
    const glia_event about          = {.trainer = t, .model = t->model, .epoch = &t->epoch, .steps = t->steps};
    glia_context *ctx               = t->model->ctx;
    glia_status first               = GLIA_OK;
    char words[96];
    for (int i = 0; i < (kind == END ? t->n_begun : GLIA_MAX_CALLBACKS); ++i) {
        const glia_callback *callback = &t->args.callbacks[i];
        const handler handle          = handler_of(callback, kind);
        if (kind == BEGIN) t->n_begun = i;
        if (!handle) continue;
        const unsigned failures  = ctx->failures;
        const bool in_use        = t->model->in_use; /* but for on_end, of a trainer that is destroyed */
        t->model->in_use         = false;
        const gli_span span      = gli_span_begin(ctx);
        const glia_status status = handle(callback->user, &about);
        gli_span_end(ctx, "callbacks", span);
        t->model->in_use = in_use;
        if (status == GLIA_OK || first != GLIA_OK) continue;
        snprintf(words, sizeof words, "%s: %s", t->pass.call, name[kind]);
        first = gli_explain_callback(ctx, status, failures, words, "");
        if (kind != END) return first;
    }
    if (kind == BEGIN) t->n_begun = GLIA_MAX_CALLBACKS;
    return first;
}

/* Callbacks may leave another message than that of the failure. */
static glia_status notify_not_finite(glia_trainer *t) {
    glia_context *ctx = t->model->ctx;
    char message[sizeof ctx->message];
    memcpy(message, ctx->message, sizeof message);
    GLI_TRY(notify(t, NOT_FINITE));
    return gli_fail(ctx, GLIA_NOT_FINITE, "%s", message);
}

/* ---- Epochs ---- */

/* Moves to where another trainer left this epoch. That its data was the same is checked by the number of samples. */
static glia_status move_on(glia_trainer *t, int64_t position) {
    gli_loader *loader  = &t->pass.loader;
    const int64_t count = gli_loader_samples(loader), size = gli_pass_samples(&t->pass);
    const int64_t left = t->model->training->epoch_samples;
    GLI_REQUIRE(t->model->ctx, left == 0 || left == count, GLIA_INVALID_ARGUMENT,
                "%s: the epoch was left after %lld of %lld samples, but the data has %lld in an epoch", t->pass.call,
                (long long)position, (long long)left, (long long)count);
    GLI_REQUIRE(t->model->ctx, position == count || (position < count && position % size == 0), GLIA_INVALID_ARGUMENT,
                "%s: the epoch was left after %lld samples, but %lld samples in %s of %lld do not come there",
                t->pass.call, (long long)position, (long long)count, t->pass.accumulate > 1 ? "steps" : "batches",
                (long long)size);
    loader->next = position;
    return GLIA_OK;
}

static glia_status begin_epoch(glia_trainer *t) {
    gli_training *training = t->model->training;
    GLI_REQUIRE(t->model->ctx, !training->in_epoch, GLIA_BUSY,
                "%s: another trainer of the model is in the middle of an epoch", t->pass.call);
    gli_loader_begin(&t->pass.loader, (uint32_t)training->epochs);
    if (!t->args.resume) training->position = 0;
    if (training->position > 0)
        GLI_TRY(move_on(t, training->position));
    else
        GLI_TRY(gli_results_reset(training, GLI_SUMS_TRAINING));
    const int64_t batches = gli_divide_up(training->position, t->pass.loader.args.batch_size);
    const int64_t steps   = gli_divide_up(batches, t->pass.accumulate);
    t->pass.begun         = false;
    t->epoch              = (glia_epoch){.epoch = t->epoch.epoch + 1, .epochs = t->epochs, .steps = steps};
    t->batches            = training->batches - batches;
    t->updates            = training->compiled.updates - steps;
    t->begun = t->looked    = gli_seconds();
    training->position      = 0;
    training->epoch_samples = gli_loader_samples(&t->pass.loader);
    training->in_epoch      = t;
    return GLIA_OK;
}

bool gli_in_epoch(const glia_trainer *t) { return t->model->training->in_epoch == t; }

/* The steps of this epoch before that of batch `failed`. */
static int64_t steps_before(const glia_trainer *t, int64_t failed) {
    return (failed - t->batches - 1) / t->pass.accumulate;
}

/* What was wrong with the step of batch `failed`, whose batches are run again. */
static glia_status diagnose(glia_trainer *t, int64_t failed) {
    char where[96];
    const int64_t steps = steps_before(t, failed), size = gli_pass_samples(&t->pass), first = steps * size;
    snprintf(where, sizeof where, "%s: epoch %d, step %lld", t->pass.call, t->epoch.epoch, (long long)steps + 1);
    const gli_suspect step   = {.pass  = &t->pass,
                                .first = first,
                                .count = gli_min_i64(size, gli_loader_samples(&t->pass.loader) - first),
                                .step  = t->batches + steps * t->pass.accumulate + 1,
                                .where = where};
    const glia_status status = gli_diagnose(&step);
    GLI_TRY(gli_restore_buffers(t->model));
    return status;
}

/* Counts the step of this batch, and those after it, as not taken. */
static void take_back(glia_trainer *t, int64_t failed) {
    const int64_t steps                  = steps_before(t, failed);
    t->model->training->batches          = t->batches + steps * t->pass.accumulate;
    t->model->training->compiled.updates = t->updates + steps;
}

/* The first batch of this epoch whose loss or gradient was not finite; 0: none. The model is then as it was before its
 * step. */
static glia_status take_back_failed(glia_trainer *t, int64_t *failed) {
    *failed = 0;
    if (t->pass.unchecked || !t->pass.begun) return GLIA_OK; /* not begun: `failed` is of another pass */
    /* An index out of range, whose loss is NaN on devices, is told by the first read after it, and only by that. */
    const glia_status status = gli_failed_batch(t->model, failed);
    if (status != GLIA_OK && gli_failed_batch(t->model, failed) != GLIA_OK) return status;
    if (*failed == 0) return status;
    take_back(t, *failed);
    GLI_TRY(gli_restore_buffers(t->model));
    return status;
}

/* A step of several batches that a failure ended in its middle. */
static void take_back_part(const glia_trainer *t) {
    gli_training *training = t->model->training;
    const int64_t whole    = t->batches + (training->compiled.updates - t->updates) * t->pass.accumulate;
    if (training->batches <= whole) return;
    training->batches = whole;
    gli_restore_buffers(t->model); /* where that fails, the device does */
}

/* Before an epoch is left, or told to be: what its steps came to, if `status` is not it. */
static glia_status settle(glia_trainer *t, glia_status status) {
    int64_t failed;
    const glia_status told = take_back_failed(t, &failed);
    if (told != GLIA_OK) status = told, t->pass.user_failed = false;
    if (status != GLIA_OK && failed == 0) take_back_part(t);
    status = gli_name_bad_index(&t->pass, status);
    if ((status == GLIA_OK || status == GLIA_NOT_FINITE) && failed > 0) status = diagnose(t, failed);
    if (status == GLIA_OK && !t->pass.unchecked) status = gli_loss_scale_check(t->model, t->pass.call);
    return status;
}

static glia_status leave_epoch(glia_trainer *t, glia_status status) {
    t->model->training->in_epoch = NULL;
    if (status == GLIA_NOT_FINITE) status = notify_not_finite(t);
    if (status != GLIA_OK) --t->epoch.epoch; /* it begins anew */
    return status;
}

/* Validation whose loss is not finite is told like any other, and fails then. An epoch that goes on after its last step
 * has no average, if the model was compiled in between. */
static glia_status validate(glia_trainer *t) {
    const bool average = t->args.validate_average && t->model->training->compiled.updates > 0;
    char call[GLI_CALL_TEXT];
    if (!t->validation) return GLIA_OK;
    gli_validation_call(t->pass.call, call);
    if (average) GLI_TRY(gli_use_average(t->model, call, true));
    const glia_status status = gli_evaluate(t->model, t->validation, 0, call, t->pass.unchecked, &t->epoch.validation);
    if (average) GLI_TRY(gli_use_average(t->model, call, false));
    t->epoch.has_validation = status == GLIA_OK || status == GLIA_NOT_FINITE;
    return status;
}

static glia_status keep_history(glia_trainer *t) {
    gli_training *training = t->model->training;
    GLI_TRY(gli_grow(t->model->ctx, &training->history, &training->cap_history, training->n_history + 1,
                     sizeof *training->history, "the history of training"));
    training->history[training->n_history++] = t->epoch;
    return GLIA_OK;
}

static glia_status tell_epoch(glia_trainer *t) {
    GLI_TRY(keep_history(t));
    gli_progress_epoch(&t->view, &t->epoch);
    if (t->epoch.has_validation) GLI_TRY(notify(t, EVALUATION_END));
    return notify(t, EPOCH_END);
}

static bool stop_asked(const glia_trainer *t) { return __atomic_load_n(&t->stop_asked, __ATOMIC_RELAXED); }

/* Makes the next order while the device still works, which then need not wait for it. */
static void prepare_epoch(glia_trainer *t) {
    const bool last = t->epoch.epoch == t->epochs || stop_asked(t);
    if (t->model->ctx->device->stream && !last)
        gli_loader_prepare(&t->pass.loader, (uint32_t)t->model->training->epochs + 1);
}

static glia_status end_epoch(glia_trainer *t) {
    glia_context *ctx = t->model->ctx;
    char message[sizeof ctx->message];
    t->epoch.host_seconds = gli_seconds() - t->begun;
    prepare_epoch(t);
    GLI_TRY(leave_epoch(t, settle(t, GLIA_OK)));
    GLI_TRY(gli_results_read(t->model->training, GLI_SUMS_TRAINING, &t->epoch.train));
    ++t->model->training->epochs;
    ++t->model->training->compiled.epochs;
    t->epoch.seconds         = gli_seconds() - t->begun;
    const glia_status status = validate(t);
    if (status != GLIA_OK && status != GLIA_NOT_FINITE) return status;
    memcpy(message, ctx->message, sizeof message); /* callbacks may leave another */
    GLI_TRY(tell_epoch(t));
    if (status == GLIA_OK) return GLIA_OK;
    gli_fail(ctx, status, "%s", message);
    return notify_not_finite(t);
}

static glia_status end(glia_trainer *t) {
    t->ended = true;
    return notify(t, END);
}

/* Callbacks may have asked for other steps than are planned. A trainer that could not begin is of no use. */
static glia_status begin(glia_trainer *t) {
    t->told            = true;
    glia_status status = notify(t, BEGIN);
    if (status == GLIA_OK) status = gli_pass_plan(&t->pass, t->pass.call);
    t->stopped = status != GLIA_OK;
    return status;
}

static glia_status stop(glia_trainer *t) {
    t->stopped         = true;
    glia_status status = gli_in_epoch(t) ? settle(t, GLIA_OK) : GLIA_OK;
    if (status == GLIA_OK) status = notify(t, STOP);
    if (status == GLIA_OK && gli_in_epoch(t)) t->model->training->position = t->pass.loader.next;
    GLI_TRY(gli_in_epoch(t) ? leave_epoch(t, status) : status);
    return end(t);
}

/* ---- Steps ---- */

static glia_status train_step(glia_trainer *t) {
    int64_t failed = 0;
    size_t plan_bytes;
    GLI_TRY(gli_pass_train(&t->pass, &plan_bytes));
    ++t->epoch.steps;
    if (t->epoch.plan_bytes == 0) t->epoch.plan_bytes = plan_bytes;
    gli_progress_step(&t->view, t->epoch.epoch, t->epochs, t->epoch.steps, t->steps);
    if (gli_seconds() - t->looked >= LOOK_SECONDS) {
        GLI_TRY(gli_failed_batch(t->model, &failed));
        t->looked = gli_seconds();
    }
    if (failed > 0) return GLIA_NOT_FINITE; /* settle says which number was not finite */
    const glia_status status = notify(t, BATCH_END);
    t->pass.user_failed      = status != GLIA_OK;
    return status;
}

glia_status gli_check_epoch(const glia_model *model) {
    const glia_trainer *t = model->training->in_epoch;
    int64_t failed;
    if (!t || t->pass.unchecked || !t->pass.begun) return GLIA_OK;
    GLI_TRY(gli_failed_batch(model, &failed));
    GLI_REQUIRE(model->ctx, failed == 0, GLIA_NOT_FINITE, "%s: a step of this epoch was not finite", t->pass.call);
    return GLIA_OK;
}

bool gli_trainer_done(const glia_trainer *t) { return t->stopped || (t->epoch.epoch == t->epochs && !gli_in_epoch(t)); }

glia_status gli_trainer_step(glia_trainer *t) {
    glia_context *ctx = t->model->ctx;
    GLI_REQUIRE(ctx, !t->destroyed, GLIA_CANCELLED, "%s: the trainer was destroyed while it ran", t->pass.call);
    GLI_REQUIRE(ctx, !t->stopped, GLIA_CANCELLED, "%s: the trainer was stopped", t->pass.call);
    GLI_REQUIRE(ctx, !gli_trainer_done(t), GLIA_CANCELLED, "%s: the trainer has had all its %d epochs", t->pass.call,
                t->epochs);
    GLI_TRY(gli_require_weights(t->model, t->pass.call));
    if (!t->told) GLI_TRY(begin(t));
    if (stop_asked(t)) return stop(t);
    if (!gli_in_epoch(t)) GLI_TRY(begin_epoch(t));
    /* An epoch may have been left after its last step. */
    const glia_status status = t->epoch.steps < t->steps ? train_step(t) : GLIA_OK;
    if (status != GLIA_OK) return leave_epoch(t, settle(t, status));
    if (t->epoch.steps == t->steps) GLI_TRY(end_epoch(t));
    if (stop_asked(t)) return stop(t);
    return gli_trainer_done(t) ? end(t) : GLIA_OK;
}

/* ---- Life ---- */

static void trainer_free(glia_trainer *t) {
    glia_context *ctx = t->model->ctx;
    gli_loader_destroy(&t->pass.loader);
    glia_dataset_destroy(t->validation);
    gli_model_release(t->model);
    gli_free(ctx, t, 1, sizeof *t);
    gli_context_release(ctx);
}

static void forget_history(glia_model *model) {
    gli_training *training = model->training;
    if (!training) return;
    gli_free(model->ctx, training->history, (size_t)training->cap_history, sizeof *training->history);
    training->history   = NULL;
    training->n_history = training->cap_history = 0;
}

glia_status gli_trainer_create(glia_model *model, glia_dataset *data, const glia_fit_args *args, const char *call,
                               glia_trainer **out) {
    void *memory;
    GLI_TRY(gli_new(model->ctx, 1, sizeof **out, "a trainer", &memory));
    glia_trainer *t = memory;
    t->model        = model;
    if (args) t->args = *args;
    t->epochs = t->args.epochs ? t->args.epochs : 1;
    gli_context_retain(model->ctx);
    gli_model_retain(model);
    gli_progress_begin(&t->view, t->args.progress);
    forget_history(model);
    const glia_status status = gli_trainer_take_data(t, data, call);
    if (status != GLIA_OK) return trainer_free(t), status;
    *out = t;
    return GLIA_OK;
}

/* In the middle of an epoch its sums have come so far. */
glia_status gli_trainer_result(const glia_trainer *t, glia_epoch *out) {
    GLI_REQUIRE(t->model->ctx, out, GLIA_INVALID_ARGUMENT, "glia_trainer_result: out is NULL");
    *out = t->epoch;
    return gli_in_epoch(t) ? gli_results_read(t->model->training, GLI_SUMS_TRAINING, &out->train) : GLIA_OK;
}

/* After a failure, or before its time. */
static void end_early(glia_trainer *t) {
    glia_context *ctx = t->model->ctx;
    char message[sizeof ctx->message];
    memcpy(message, ctx->message, sizeof message);
    end(t);
    memcpy(ctx->message, message, sizeof message);
}

void gli_trainer_destroy(glia_trainer *t) {
    int64_t failed;
    t->running = true; /* on_end may destroy it once more */
    if (gli_in_epoch(t)) {
        /* Nobody is left to be told of a failure. */
        const bool sound             = take_back_failed(t, &failed) == GLIA_OK && failed == 0;
        t->model->training->position = sound ? t->pass.loader.next : 0;
        t->model->training->in_epoch = NULL;
    }
    if (t->told && !t->ended) end_early(t);
    trainer_free(t);
}
