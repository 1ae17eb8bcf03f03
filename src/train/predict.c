/* predict and the confusion matrix. */
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "train/diagnosis.h"

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
    gli_pass p;
    GLI_TRY(gli_check_data(model, data, "glia_model_predict"));
    GLI_REQUIRE(model->ctx, batch_size >= 0, GLIA_INVALID_ARGUMENT,
                "glia_model_predict: batch_size is %d, must not be negative", batch_size);
    GLI_TRY(check_outputs(model, glia_dataset_count(data), out, bytes, n_out));
    const gli_loader_args args      = {.batch_size = gli_batch_size(model, batch_size, GLI_DEFAULT_EVALUATION_BATCH)};
    glia_status status              = gli_pass_begin(&p, model, GLI_PASS_PREDICT, data, &args, "glia_model_predict");
    size_t offset[GLIA_MAX_OUTPUTS] = {0};
    gli_step *step                  = NULL;
    if (status == GLIA_OK) status = gli_pass_step(&p, &step);
    while (status == GLIA_OK && step) {
        for (int i = 0; i < n_out && status == GLIA_OK; ++i) {
            const size_t size = (size_t)gli_count(step->out[i]) * glia_dtype_size(step->out[i]->dtype);
            status            = glia_tensor_read(step->out[i], (char *)out[i] + offset[i], size);
            offset[i] += size;
        }
        if (status == GLIA_OK) status = gli_pass_step(&p, &step);
    }
    status = gli_name_bad_index(&p, status);
    gli_loader_destroy(&p.loader);
    return status;
}

glia_status glia_model_predict_all(glia_model *model, glia_dataset *data, int batch_size, void *const *out,
                                   const size_t *bytes, int n_out) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_model_predict"));
    return gli_call_end(model, predict(model, data, batch_size, out, bytes, n_out));
}

glia_status glia_model_predict(glia_model *model, glia_dataset *data, int batch_size, void *out, size_t bytes) {
    return glia_model_predict_all(model, data, batch_size, &out, &bytes, 1);
}

/* ---- confusion matrix ---- */

static glia_status confusion(glia_model *model, glia_dataset *data, int batch_size, int64_t *counts, size_t bytes) {
    glia_context *ctx = model->ctx;
    gli_pass p;
    GLI_TRY(gli_check_data(model, data, "glia_model_confusion_matrix"));
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
    const gli_loader_args args = {.batch_size = gli_batch_size(model, batch_size, GLI_DEFAULT_EVALUATION_BATCH)};
    glia_status status = gli_pass_begin(&p, model, GLI_PASS_CONFUSION, data, &args, "glia_model_confusion_matrix");
    gli_step *step     = NULL;
    gli_block sum      = {0};
    if (status == GLIA_OK) status = gli_block_alloc(ctx, bytes, 1, "a confusion matrix", &sum);
    if (status == GLIA_OK) memset(counts, 0, bytes);
    for (bool more = status == GLIA_OK; more;) {
        const int64_t batch = gli_loader_peek(&p.loader);
        if (batch == 0) break;
        status = gli_pass_get(&p, batch, &step);
        if (status == GLIA_OK) status = glia_tensor_fill(step->out[0], 0);
        if (status == GLIA_OK) status = gli_pass_step(&p, &step);
        if (status == GLIA_OK) status = glia_tensor_read(step->out[0], sum.data, bytes);
        for (size_t i = 0; status == GLIA_OK && i < classes * classes; ++i) counts[i] += ((const int64_t *)sum.data)[i];
        more = status == GLIA_OK;
    }
    gli_block_free(ctx, &sum);
    status = gli_name_bad_index(&p, status);
    gli_loader_destroy(&p.loader);
    return status;
}

glia_status glia_model_confusion_matrix(glia_model *model, glia_dataset *data, int batch_size, int64_t *counts,
                                        size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_model_confusion_matrix"));
    return gli_call_end(model, confusion(model, data, batch_size, counts, bytes));
}
