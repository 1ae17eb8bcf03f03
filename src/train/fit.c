/* Trainers from the outside, and fit, which is one that runs to its end. */
#include "train/trainer.h"

/* ---- Trainers: their callbacks may stop and destroy them, but not run them ---- */

glia_status glia_trainer_create(glia_model *model, glia_dataset *data, const glia_fit_args *args, glia_trainer **out) {
    const char *call = "glia_trainer_create";
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, call));
    if (!out) return gli_call_end(model, gli_fail(model->ctx, GLIA_INVALID_ARGUMENT, "%s: out is NULL", call));
    *out = NULL;
    return gli_call_end(model, gli_trainer_create(model, data, args, call, out));
}

void glia_trainer_destroy(glia_trainer *trainer) {
    if (!trainer) return;
    if (trainer->running)
        trainer->destroyed = true;
    else
        gli_trainer_destroy(trainer);
}

static glia_status call_begin(glia_trainer *trainer, const char *call) {
    glia_model *model = trainer->model;
    GLI_TRY(gli_call_begin(model, call));
    if (trainer->running)
        return gli_call_end(model, gli_fail(model->ctx, GLIA_BUSY, "%s: the trainer is in the middle of a step", call));
    trainer->running   = true;
    trainer->pass.call = call;
    return GLIA_OK;
}

static glia_status call_end(glia_trainer *trainer, glia_status status) {
    glia_model *model = trainer->model;
    if (trainer->destroyed)
        gli_trainer_destroy(trainer);
    else
        trainer->running = false;
    return gli_call_end(model, status);
}

glia_status glia_trainer_step(glia_trainer *trainer) {
    GLI_REQUIRE_OBJECT(trainer);
    GLI_TRY(call_begin(trainer, "glia_trainer_step"));
    return call_end(trainer, gli_trainer_step(trainer));
}

static glia_status run_epoch(glia_trainer *trainer) {
    do GLI_TRY(gli_trainer_step(trainer));
    while (gli_in_epoch(trainer));
    return GLIA_OK;
}

glia_status glia_trainer_epoch(glia_trainer *trainer) {
    GLI_REQUIRE_OBJECT(trainer);
    GLI_TRY(call_begin(trainer, "glia_trainer_epoch"));
    return call_end(trainer, run_epoch(trainer));
}

/* Nothing but one flag: it may be called from a signal handler. */
void glia_trainer_stop(glia_trainer *trainer) {
    if (trainer) __atomic_store_n(&trainer->stop_asked, true, __ATOMIC_RELAXED);
}

bool glia_trainer_done(const glia_trainer *trainer) { return !trainer || gli_trainer_done(trainer); }

glia_status glia_trainer_result(const glia_trainer *trainer, glia_epoch *out) {
    GLI_REQUIRE_OBJECT(trainer);
    GLI_TRY(gli_enter(trainer->model->ctx));
    const glia_status status = gli_trainer_result(trainer, out);
    gli_leave(trainer->model->ctx);
    return status;
}

/* ---- fit ---- */

static glia_status run(glia_trainer *trainer) {
    while (!gli_trainer_done(trainer)) GLI_TRY(gli_trainer_step(trainer));
    return GLIA_OK;
}

static glia_status fit(glia_model *model, glia_dataset *data, const glia_fit_args *args) {
    glia_trainer *trainer;
    GLI_TRY(gli_trainer_create(model, data, args, "glia_model_fit", &trainer));
    trainer->running         = true;
    const glia_status status = run(trainer);
    gli_trainer_destroy(trainer);
    return status;
}

glia_status glia_model_fit(glia_model *model, glia_dataset *data, const glia_fit_args *args) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_model_fit"));
    return gli_call_end(model, fit(model, data, args));
}

const glia_epoch *glia_model_history(const glia_model *model, int *count) {
    const gli_training *training = model ? model->training : NULL;
    if (count) *count = training ? training->n_history : 0;
    return training && training->n_history > 0 ? training->history : NULL;
}
