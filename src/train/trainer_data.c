/* What a trainer is given: its args, the data to train on, and those of the validation. */
#include <math.h>
#include <stdio.h>

#include "core/size.h"
#include "data/augmented.h"
#include "train/evaluate.h"
#include "train/trainer.h"

const char *gli_validation_call(const char *call, char text[GLI_CALL_TEXT]) {
    snprintf(text, GLI_CALL_TEXT, "%s: validation", call);
    return text;
}

/* The classes are those of the first target. */
static glia_status check_balanced(const glia_model *model, const char *call) {
    const gli_training *t = model->training;
    for (int i = 0; t && i < t->n_outputs; ++i) {
        const glia_model_loss *loss = &t->outputs[i].args.loss;
        if (loss->kind == GLIA_LOSS_NONE) continue;
        GLI_REQUIRE(model->ctx, !gli_loss_by_class(loss->kind) || !loss->classes.ignore, GLIA_INVALID_ARGUMENT,
                    "%s: balanced counts samples of class %lld, which the loss ignores: glia_dataset_filter and no "
                    "ignore_index leave them out",
                    call, (long long)loss->classes.ignore_index);
        return GLIA_OK;
    }
    return GLIA_OK;
}

static glia_status check_args(const glia_model *model, const glia_fit_args *args, const char *call) {
    GLI_REQUIRE(model->ctx, args->epochs >= 0 && args->batch_size >= 0, GLIA_INVALID_ARGUMENT,
                "%s: epochs is %d and batch_size %d, must not be negative", call, args->epochs, args->batch_size);
    GLI_REQUIRE(model->ctx, args->accumulate >= 0, GLIA_INVALID_ARGUMENT, "%s: accumulate is %d, must not be negative",
                call, args->accumulate);
    const bool validation = args->validation || args->validation_share != 0;
    GLI_REQUIRE(model->ctx, validation || !args->validate_average, GLIA_INVALID_ARGUMENT,
                "%s: validate_average without a validation", call);
    GLI_REQUIRE(model->ctx, !args->validate_average || gli_average_kept(model), GLIA_INVALID_ARGUMENT,
                "%s: validate_average, but the model is not compiled with an average_decay", call);
    GLI_REQUIRE(model->ctx, (unsigned)args->progress <= GLIA_PROGRESS_LINES, GLIA_INVALID_ARGUMENT,
                "%s: invalid progress %d", call, (int)args->progress);
    GLI_REQUIRE(model->ctx, !args->balanced || !args->in_order, GLIA_INVALID_ARGUMENT,
                "%s: in_order and balanced are both true", call);
    return args->balanced ? check_balanced(model, call) : GLIA_OK;
}

static glia_status take_validation(glia_trainer *t, glia_dataset *validation, const char *call) {
    char words[GLI_CALL_TEXT];
    if (!validation) return GLIA_OK;
    glia_dataset *center;
    gli_validation_call(call, words);
    GLI_TRY(gli_dataset_center(validation, &t->args.augment, words, &center));
    const glia_status status = gli_evaluate_check(t->model, center ? center : validation, 0, words);
    if (status != GLIA_OK) return glia_dataset_destroy(center), status;
    if (!center) gli_dataset_retain(validation);
    t->validation = center ? center : validation;
    return GLIA_OK;
}

/* Views have no workers, but who asked for this split set those of the data. */
static void share_workers(const glia_dataset *data, glia_dataset *part) {
    part->workers = data->workers;
    part->ahead   = data->ahead;
}

/* The last samples of the data go to the validation. */
static glia_status split_data(const glia_trainer *t, glia_dataset *data, const char *call, glia_dataset **train,
                              glia_dataset **validation) {
    glia_context *ctx  = t->model->ctx;
    const double share = t->args.validation_share;
    GLI_TRY(gli_check_data(t->model, data, call));
    GLI_REQUIRE(ctx, share > 0 && share < 1, GLIA_INVALID_ARGUMENT,
                "%s: validation_share is %g, must be above 0 and below 1", call, share);
    GLI_REQUIRE(ctx, !t->args.validation, GLIA_INVALID_ARGUMENT,
                "%s: validation_share is %g, but there is a data set for the validation, too", call, share);
    const int64_t count = glia_dataset_count(data), last = llround(share * (double)count);
    GLI_REQUIRE(ctx, last > 0 && last < count, GLIA_INVALID_ARGUMENT,
                "%s: validation_share is %g, which are %lld of %lld samples: none are left for %s", call, share,
                (long long)last, (long long)count, last > 0 ? "the training" : "the validation");
    GLI_TRY(glia_dataset_split(data, &(glia_split_args){.count = count - last, .in_order = true}, train, validation));
    share_workers(data, *train);
    share_workers(data, *validation);
    return GLIA_OK;
}

static glia_status begin_training(glia_trainer *t, glia_dataset *data, const char *call) {
    const gli_loader_args args = {.batch_size = gli_batch_size(t->model, t->args.batch_size, GLI_DEFAULT_BATCH),
                                  .shuffle    = !t->args.in_order,
                                  .seed       = t->model->seed,
                                  .drop_last  = t->args.drop_last,
                                  .balanced   = t->args.balanced};
    GLI_TRY(gli_pass_begin(&t->pass, t->model, GLI_PASS_TRAIN, data, &args, call));
    t->pass.unchecked  = t->args.allow_not_finite;
    t->pass.accumulate = t->args.accumulate ? t->args.accumulate : 1;
    if (t->args.resume) t->epoch.epoch = (int)gli_min_i64(t->model->training->epochs, t->epochs);
    t->steps = gli_divide_up(gli_loader_batches(&t->pass.loader), t->pass.accumulate);
    GLI_REQUIRE(t->model->ctx, t->steps > 0, GLIA_INVALID_ARGUMENT,
                "%s: %lld samples are no batch of %lld, and drop_last is true", call,
                (long long)glia_dataset_count(data), (long long)args.batch_size);
    return gli_pass_plan(&t->pass, call);
}

/* The training sees its samples as transforms make them, the validation as they are, or their middle. */
static glia_status begin_pass(glia_trainer *t, glia_dataset *data, glia_dataset *validation, const char *call) {
    glia_dataset *augmented;
    GLI_TRY(take_validation(t, validation, call));
    GLI_TRY(gli_check_data(t->model, data, call));
    GLI_TRY(gli_dataset_augment(data, &t->args.augment, t->model->seed, call, &augmented));
    const glia_status status = begin_training(t, augmented ? augmented : data, call);
    glia_dataset_destroy(augmented); /* the pass retains it */
    return status;
}

/* The pass and the validation retain what they need. */
glia_status gli_trainer_take_data(glia_trainer *t, glia_dataset *data, const char *call) {
    glia_dataset *train = NULL, *validation = NULL;
    GLI_TRY(check_args(t->model, &t->args, call));
    if (t->args.validation_share == 0) return begin_pass(t, data, t->args.validation, call);
    GLI_TRY(split_data(t, data, call, &train, &validation));
    const glia_status status = begin_pass(t, train, validation, call);
    glia_dataset_destroy(train);
    glia_dataset_destroy(validation);
    return status;
}
