#include "train/evaluate.h"

#include <math.h>
#include <stdio.h>

#include "train/diagnosis.h"

/* Runs all batches, or those up to the first whose sums are not finite: the buffers before that are put aside. */
static glia_status run_batches(gli_pass *p, bool to_failure, glia_result *out) {
    gli_step *step;
    gli_loader_begin(&p->loader, 0);
    p->begun = false;
    GLI_TRY(gli_results_reset(p->model->training, GLI_SUMS_EVALUATION));
    do {
        if (to_failure) GLI_TRY(gli_put_buffers_aside(p->model));
        GLI_TRY(gli_pass_step(p, &step));
        if (step && to_failure) GLI_TRY(gli_results_read_losses(p->model->training, GLI_SUMS_EVALUATION, out));
    } while (step && !(to_failure && !isfinite(out->loss)));
    return gli_results_read(p->model->training, GLI_SUMS_EVALUATION, out);
}

/* The sums of an evaluation say that some loss was not finite; running it again says which. The states are in the end
 * those that its batch began with. */
static glia_status explain_loss(gli_pass *p, const char *call) {
    char where[96];
    glia_result result;
    if (p->model->stateful_batch) GLI_TRY(gli_take_buffers_back(p->model));
    GLI_TRY(run_batches(p, true, &result));
    const int64_t size = p->loader.args.batch_size, batch = (p->loader.next + size - 1) / size;
    if (p->model->stateful_batch) GLI_TRY(gli_take_buffers_back(p->model));
    snprintf(where, sizeof where, "%s: batch %lld", call, (long long)batch);
    const int64_t first       = (batch - 1) * size;
    const gli_suspect suspect = {.pass = p, .first = first, .count = p->loader.next - first, .where = where};
    const glia_status status  = gli_diagnose(&suspect);
    if (p->model->stateful_batch) GLI_TRY(gli_take_buffers_back(p->model));
    return status;
}

static gli_loader_args loader_args(const glia_model *model, int batch_size) {
    return (gli_loader_args){.batch_size = gli_batch_size(model, batch_size, GLI_DEFAULT_EVALUATION_BATCH)};
}

glia_status gli_evaluate(glia_model *model, glia_dataset *data, int batch_size, const char *call, bool unchecked,
                         glia_result *out) {
    gli_pass p;
    GLI_REQUIRE(model->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", call);
    GLI_REQUIRE(model->ctx, batch_size >= 0, GLIA_INVALID_ARGUMENT, "%s: batch_size is %d, must not be negative", call,
                batch_size);
    const gli_loader_args args = loader_args(model, batch_size);
    glia_status status         = gli_pass_begin(&p, model, GLI_PASS_EVALUATE, data, &args, call);
    if (status == GLIA_OK && model->stateful_batch) status = gli_put_buffers_aside(model);
    if (status == GLIA_OK) status = run_batches(&p, false, out);
    status = gli_name_bad_index(&p, status);
    if (status == GLIA_OK && !unchecked && !isfinite(out->loss)) status = explain_loss(&p, call);
    gli_loader_destroy(&p.loader);
    return status;
}

glia_status gli_evaluate_check(glia_model *model, glia_dataset *data, int batch_size, const char *call) {
    const gli_loader_args args = loader_args(model, batch_size);
    gli_pass p;
    glia_status status = gli_pass_begin(&p, model, GLI_PASS_EVALUATE, data, &args, call);
    if (status == GLIA_OK) status = gli_pass_plan(&p, call);
    gli_loader_destroy(&p.loader);
    return status;
}

glia_status glia_model_evaluate(glia_model *model, glia_dataset *data, int batch_size, glia_result *out) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_model_evaluate"));
    return gli_call_end(model, gli_evaluate(model, data, batch_size, "glia_model_evaluate", false, out));
}
