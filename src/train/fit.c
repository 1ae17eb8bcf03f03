/* fit and evaluate. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/size.h"
#include "train/diagnosis.h"
#include "train/progress.h"

/* How long fit runs, at most, before it looks whether all numbers are finite: each look waits for the device. */
#define LOOK_SECONDS 1.0

/* ---- evaluate ---- */

/* Runs all batches, or those up to the first whose sums are not finite. */
static glia_status run_batches(gli_pass *p, bool to_failure, glia_result *out) {
    gli_step *step;
    gli_loader_begin(&p->loader, 0);
    p->begun = false;
    GLI_TRY(gli_results_reset(p->model->trainer));
    do {
        GLI_TRY(gli_pass_step(p, &step));
        if (step && to_failure) GLI_TRY(gli_results_read(p->model->trainer, out));
    } while (step && !(to_failure && !isfinite(out->loss)));
    return gli_results_read(p->model->trainer, out);
}

/* The sums of an evaluation say that some loss was not finite; running it again says which. */
static glia_status explain_loss(gli_pass *p, const char *call) {
    char where[96];
    glia_result result;
    if (p->model->stateful_batch) GLI_TRY(gli_restore_buffers(p->model));
    GLI_TRY(run_batches(p, true, &result));
    const int64_t size = p->loader.args.batch_size, batch = (p->loader.next + size - 1) / size;
    if (p->model->stateful_batch) GLI_TRY(gli_restore_buffers(p->model));
    snprintf(where, sizeof where, "%s: batch %lld", call, (long long)batch);
    const int64_t first = (batch - 1) * size;
    return gli_diagnose(&(gli_suspect){.pass = p, .first = first, .count = p->loader.next - first, .where = where});
}

/* unchecked: losses may be infinite or NaN. */
static glia_status evaluate(glia_model *model, glia_dataset *data, int batch_size, glia_result *out, const char *call,
                            bool unchecked) {
    gli_pass p;
    GLI_REQUIRE(model->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", call);
    GLI_REQUIRE(model->ctx, batch_size >= 0, GLIA_INVALID_ARGUMENT, "%s: batch_size is %d, must not be negative", call,
                batch_size);
    const gli_loader_args args = {.batch_size = gli_batch_size(model, batch_size, GLI_DEFAULT_EVALUATION_BATCH)};
    glia_status status         = gli_pass_begin(&p, model, GLI_PASS_EVALUATE, data, &args, call);
    if (status == GLIA_OK && model->stateful_batch) status = gli_keep_buffers(model);
    if (status == GLIA_OK) status = run_batches(&p, false, out);
    if (status == GLIA_OK && !unchecked && !isfinite(out->loss)) status = explain_loss(&p, call);
    status = gli_name_bad_index(&p, status);
    gli_loader_destroy(&p.loader);
    return status;
}

glia_status glia_model_evaluate(glia_model *model, glia_dataset *data, int batch_size, glia_result *out) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_model_evaluate"));
    return gli_call_end(model, evaluate(model, data, batch_size, out, "glia_model_evaluate", false));
}

/* ---- fit ---- */

/* Fails if the loss or a gradient of a step was not finite; first: the number of the epoch's first step. The model is
 * then as it was before that step. */
static glia_status stop_at_failure(gli_pass *p, const glia_epoch *epoch, int64_t first) {
    char where[96];
    int64_t failed;
    if (p->unchecked || !p->begun) return GLIA_OK; /* not begun: `failed` is of another pass */
    GLI_TRY(gli_failed_step(p->model, &failed));
    if (failed == 0) return GLIA_OK;
    gli_take_back_steps(p->model, failed);
    GLI_TRY(gli_restore_buffers(p->model));
    const int64_t size = p->loader.args.batch_size, before = (failed - first) * size;
    snprintf(where, sizeof where, "glia_model_fit: epoch %d, step %lld", epoch->epoch, (long long)(failed - first + 1));
    const gli_suspect batch  = {.pass  = p,
                                .first = before,
                                .count = gli_min_i64(size, p->loader.dataset->count - before),
                                .step  = failed,
                                .where = where};
    const glia_status status = gli_diagnose(&batch);
    GLI_TRY(gli_restore_buffers(p->model));
    return status;
}

/* To the end of the epoch, unless a step fails. */
static glia_status run_epoch(gli_pass *p, gli_progress_view *view, glia_epoch *epoch) {
    const double start  = gli_seconds();
    const int64_t total = gli_loader_batches(&p->loader);
    double looked       = start;
    int64_t failed      = 0;
    gli_step *step;
    for (epoch->steps = 0; epoch->steps < total && failed == 0; ++epoch->steps) {
        GLI_TRY(gli_pass_step(p, &step));
        if (epoch->steps == 0) epoch->plan_bytes = glia_plan_bytes(step->plan);
        gli_progress_step(view, epoch->epoch, epoch->epochs, epoch->steps + 1, total);
        if (gli_seconds() - looked < LOOK_SECONDS) continue;
        GLI_TRY(gli_failed_step(p->model, &failed));
        looked = gli_seconds();
    }
    epoch->host_seconds = gli_seconds() - start;
    return GLIA_OK;
}

static glia_status train_epoch(gli_pass *p, gli_progress_view *view, glia_epoch *epoch) {
    const double start = gli_seconds();
    gli_trainer *t     = p->model->trainer;
    GLI_TRY(gli_results_reset(t));
    gli_loader_begin(&p->loader, t->epochs);
    p->begun                 = false;
    const int64_t first      = t->steps + 1;
    const glia_status status = run_epoch(p, view, epoch);
    GLI_TRY(stop_at_failure(p, epoch, first));
    GLI_TRY(status);
    GLI_TRY(gli_results_read(t, &epoch->train));
    ++t->epochs;
    epoch->seconds = gli_seconds() - start;
    return GLIA_OK;
}

static glia_status validate(const gli_pass *p, const glia_fit_args *args, glia_epoch *epoch) {
    epoch->has_validation = args->validation != NULL;
    if (!args->validation) return GLIA_OK;
    return evaluate(p->model, args->validation, 0, &epoch->validation, "glia_model_fit: validation", p->unchecked);
}

static glia_status check_validation(glia_model *model, glia_dataset *data) {
    const char *call           = "glia_model_fit: validation";
    const gli_loader_args args = {.batch_size = gli_batch_size(model, 0, GLI_DEFAULT_EVALUATION_BATCH)};
    gli_pass p;
    glia_status status = gli_pass_begin(&p, model, GLI_PASS_EVALUATE, data, &args, call);
    if (status == GLIA_OK) status = gli_pass_plan(&p, call);
    gli_loader_destroy(&p.loader);
    return status;
}

static glia_status call_back(glia_model *model, const glia_fit_args *args, const glia_epoch *epoch) {
    glia_context *ctx       = model->ctx;
    const unsigned failures = ctx->failures;
    char words[96];
    if (!args->on_epoch) return GLIA_OK;
    model->in_use            = false;
    const glia_status status = args->on_epoch(args->user, epoch);
    model->in_use            = true;
    if (status == GLIA_OK) return GLIA_OK;
    snprintf(words, sizeof words, "glia_model_fit: on_epoch returned %s", glia_status_name(status));
    return gli_explain_callback(ctx, status, failures, words);
}

/* An epoch whose validation is not finite is reported like any other, and ends fit then. */
static glia_status fit_epoch(gli_pass *p, const glia_fit_args *args, gli_progress_view *view, glia_epoch *epoch) {
    glia_context *ctx = p->model->ctx;
    char message[sizeof ctx->message];
    GLI_TRY(gli_name_bad_index(p, train_epoch(p, view, epoch)));
    const glia_status status = validate(p, args, epoch);
    if (status != GLIA_OK && status != GLIA_NOT_FINITE) return status;
    memcpy(message, ctx->message, sizeof message); /* on_epoch may leave another */
    gli_progress_epoch(view, epoch);
    GLI_TRY(call_back(p->model, args, epoch));
    return status == GLIA_OK ? GLIA_OK : gli_fail(ctx, status, "%s", message);
}

static glia_status fit(glia_model *model, glia_dataset *data, const glia_fit_args *args) {
    gli_pass p;
    GLI_REQUIRE(model->ctx, args->epochs >= 0 && args->batch_size >= 0, GLIA_INVALID_ARGUMENT,
                "glia_model_fit: epochs is %d and batch_size %d, must not be negative", args->epochs, args->batch_size);
    GLI_REQUIRE(model->ctx, (unsigned)args->progress <= GLIA_PROGRESS_LINES, GLIA_INVALID_ARGUMENT,
                "glia_model_fit: invalid progress %d", (int)args->progress);
    if (args->validation) GLI_TRY(check_validation(model, args->validation));
    const gli_loader_args loader = {.batch_size = gli_batch_size(model, args->batch_size, GLI_DEFAULT_BATCH),
                                    .shuffle    = !args->in_order,
                                    .seed       = model->ctx->seed};
    glia_status status           = gli_pass_begin(&p, model, GLI_PASS_TRAIN, data, &loader, "glia_model_fit");
    const int epochs             = args->epochs ? args->epochs : 1;
    p.unchecked                  = args->allow_not_finite;
    if (status == GLIA_OK) status = gli_pass_plan(&p, "glia_model_fit");
    gli_progress_view view;
    gli_progress_begin(&view, args->progress);
    for (int i = 1; i <= epochs && status == GLIA_OK; ++i) {
        glia_epoch epoch = {.epoch = i, .epochs = epochs};
        status           = fit_epoch(&p, args, &view, &epoch);
    }
    gli_loader_destroy(&p.loader);
    return status;
}

glia_status glia_model_fit(glia_model *model, glia_dataset *data, const glia_fit_args *args) {
    const glia_fit_args defaults = {0};
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_model_fit"));
    return gli_call_end(model, fit(model, data, args ? args : &defaults));
}
