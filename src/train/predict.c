/* predict, of a data set and of an array, as numbers and as classes; the confusion matrix. */
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "train/diagnosis.h"

/* ---- predict ---- */

static glia_status check_outputs(const glia_model *model, const char *call, int64_t count, void *const *out,
                                 const size_t *bytes, int n_out) {
    glia_context *ctx = model->ctx;
    GLI_REQUIRE(ctx, out && bytes, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", call, out ? "bytes" : "out");
    GLI_REQUIRE(ctx, n_out >= 1 && n_out <= model->training->n_outputs, GLIA_INVALID_ARGUMENT,
                "%s: %d outputs are requested, the model has %d", call, n_out, model->training->n_outputs);
    for (int i = 0; i < n_out; ++i) {
        const int value = model->training->outputs[i].value;
        size_t needed   = (size_t)(gli_count(&model->values[value].shape) / GLI_NOMINAL_BATCH) *
                        glia_dtype_size(gli_value_dtype(model, value));
        GLI_REQUIRE(ctx, out[i], GLIA_INVALID_ARGUMENT, "%s: the memory for output %d is NULL", call, i);
        GLI_REQUIRE(ctx, gli_mul_size(needed, (size_t)count, &needed) && bytes[i] == needed, GLIA_INVALID_ARGUMENT,
                    "%s: %zu bytes, output %d of %lld samples has %zu", call, bytes[i], i, (long long)count, needed);
    }
    return GLIA_OK;
}

/* Where the outputs of batches go, one after another. */
typedef struct outputs {
    void *const *out;
    int n;
    size_t offset[GLIA_MAX_OUTPUTS]; /* bytes */
} outputs;

static glia_status take_outputs(void *to, const gli_step *step) {
    outputs *o = to;
    for (int i = 0; i < o->n; ++i) {
        const size_t size = (size_t)gli_count(step->out[i]) * glia_dtype_size(step->out[i]->dtype);
        GLI_TRY(glia_tensor_read(step->out[i], (char *)o->out[i] + o->offset[i], size));
        o->offset[i] += size;
    }
    return GLIA_OK;
}

/* take gets the step of each batch. */
static glia_status predict_batches(glia_model *model, glia_dataset *data, int batch_size, const char *call,
                                   glia_status (*take)(void *to, const gli_step *step), void *to) {
    const gli_loader_args args = {.batch_size = gli_batch_size(model, batch_size, GLI_DEFAULT_EVALUATION_BATCH)};
    gli_pass p;
    glia_status status = gli_pass_begin(&p, model, GLI_PASS_PREDICT, data, &args, call);
    if (status == GLIA_OK) status = gli_pass_run(&p, &(gli_batch_work){.take = take, .to = to});
    status = gli_name_bad_index(&p, status);
    gli_loader_destroy(&p.loader);
    return status;
}

static glia_status check_batch_size(const glia_model *model, int batch_size, const char *call) {
    GLI_REQUIRE(model->ctx, batch_size >= 0, GLIA_INVALID_ARGUMENT, "%s: batch_size is %d, must not be negative", call,
                batch_size);
    return GLIA_OK;
}

static glia_status predict(glia_model *model, glia_dataset *data, int batch_size, void *const *out, const size_t *bytes,
                           int n_out) {
    const char *call = "glia_model_predict";
    outputs to       = {.out = out, .n = n_out};
    GLI_TRY(gli_check_data(model, data, call));
    GLI_TRY(check_batch_size(model, batch_size, call));
    GLI_TRY(check_outputs(model, call, glia_dataset_count(data), out, bytes, n_out));
    return predict_batches(model, data, batch_size, call, take_outputs, &to);
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

/* ---- predict from an array ---- */

/* One sample of the model's only input, which the array has `count` of. */
static glia_status check_array(const glia_model *model, const char *call, const void *input, size_t bytes,
                               int64_t count, gli_sample_spec *spec) {
    glia_context *ctx = model->ctx;
    GLI_REQUIRE(ctx, model->compiled, GLIA_INVALID_ARGUMENT, "%s: the model is not compiled, or was changed since",
                call);
    GLI_REQUIRE(ctx, model->n_inputs == 1, GLIA_UNSUPPORTED, "%s: the model has %d inputs, an array is one", call,
                model->n_inputs);
    GLI_REQUIRE(ctx, input, GLIA_INVALID_ARGUMENT, "%s: input is NULL", call);
    GLI_REQUIRE(ctx, count >= 1, GLIA_INVALID_ARGUMENT, "%s: count is %lld, must be at least 1", call,
                (long long)count);
    const glia_tensor *nominal = &model->values[model->inputs[0].value].shape;
    const glia_dtype dtype     = gli_value_dtype(model, model->inputs[0].value);
    *spec                      = (gli_sample_spec){.dtype = dtype, .shape = {.ndim = nominal->ndim - 1}};
    memcpy(spec->shape.dim, nominal->dim + 1, (size_t)spec->shape.ndim * sizeof *spec->shape.dim);
    const size_t each = (size_t)(gli_count(nominal) / GLI_NOMINAL_BATCH) * glia_dtype_size(dtype);
    size_t needed;
    GLI_REQUIRE(ctx, gli_mul_size(each, (size_t)count, &needed) && bytes == needed, GLIA_SHAPE_MISMATCH,
                "%s: %zu bytes, %lld samples of input '%s' %s of %s have %zu each", call, bytes, (long long)count,
                model->inputs[0].name, gli_shape_text(spec->shape.ndim, spec->shape.dim, (char[GLI_SHAPE_TEXT]){0}),
                glia_dtype_name(spec->dtype), each);
    const int samples = model->stateful_batch;
    GLI_REQUIRE(ctx, samples == 0 || count % samples == 0, GLIA_SHAPE_MISMATCH,
                "%s: %lld samples are no multiple of %d, the stateful_batch of %s", call, (long long)count, samples,
                model->layers[model->stateful_layer].label);
    return GLIA_OK;
}

static glia_status predict_array(glia_model *model, const void *input, size_t input_bytes, int64_t count, void *out,
                                 size_t bytes) {
    const char *call = "glia_model_predict_array";
    outputs to       = {.out = &out, .n = 1};
    gli_sample_spec spec;
    GLI_TRY(check_array(model, call, input, input_bytes, count, &spec));
    GLI_TRY(check_outputs(model, call, count, &out, &bytes, 1));
    const int64_t most = gli_batch_size(model, 0, GLI_DEFAULT_EVALUATION_BATCH);
    const size_t each  = input_bytes / (size_t)count;
    for (int64_t first = 0, batch; first < count; first += batch) {
        batch = gli_min_i64(most, count - first);
        gli_step *step;
        const gli_step_request request = {.kind = GLI_PASS_PREDICT, .batch = batch, .n_in = 1, .spec = &spec};
        GLI_TRY(gli_step_get(model, &request, &step));
        if (step->in[0])
            GLI_TRY(glia_tensor_write(step->in[0], (const char *)input + (size_t)first * each, (size_t)batch * each));
        GLI_TRY(gli_step_run(model, step));
        GLI_TRY(take_outputs(&to, step));
    }
    return GLIA_OK;
}

glia_status glia_model_predict_array(glia_model *model, const void *input, size_t input_bytes, int64_t count, void *out,
                                     size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_model_predict_array"));
    return gli_call_end(model, predict_array(model, input, input_bytes, count, out, bytes));
}

/* ---- predict classes ---- */

typedef struct class_outputs {
    int64_t *out; /* of the next sample */
    gli_block logits;
} class_outputs;

static glia_status take_classes(void *to, const gli_step *step) {
    class_outputs *c      = to;
    const glia_tensor *y  = step->out[0];
    const int64_t classes = y->dim[1], places = glia_tensor_count(y) / (y->dim[0] * classes);
    const size_t size = glia_dtype_size(y->dtype);
    GLI_TRY(glia_tensor_read(y, c->logits.data, (size_t)glia_tensor_count(y) * size));
    for (int64_t n = 0; n < y->dim[0]; ++n)
        for (int64_t i = 0; i < places; ++i) {
            const char *logits = (const char *)c->logits.data + (size_t)(n * classes * places + i) * size;
            *c->out++          = gli_largest(y->dtype, logits, classes, places);
        }
    return GLIA_OK;
}

static glia_status predict_classes(glia_model *model, glia_dataset *data, int batch_size, int64_t *out, size_t bytes) {
    const char *call  = "glia_model_predict_classes";
    glia_context *ctx = model->ctx;
    GLI_TRY(gli_check_data(model, data, call));
    GLI_TRY(check_batch_size(model, batch_size, call));
    const int value          = model->training->outputs[0].value;
    const glia_tensor *shape = &model->values[value].shape;
    char text[GLI_SHAPE_TEXT];
    GLI_REQUIRE(ctx, shape->ndim >= 2 && shape->dim[1] >= 2, GLIA_SHAPE_MISMATCH,
                "%s: the first output is %s, must be [classes, ...] of two classes or more", call,
                gli_shape_text(shape->ndim - 1, shape->dim + 1, text));
    const int64_t count = glia_dataset_count(data), elements = gli_count(shape) / GLI_NOMINAL_BATCH;
    size_t needed   = (size_t)(elements / shape->dim[1]) * sizeof *out;
    const bool fits = gli_mul_size(needed, (size_t)count, &needed);
    GLI_REQUIRE(ctx, out && fits && bytes == needed, GLIA_INVALID_ARGUMENT,
                "%s: %zu bytes at %p, the classes of %lld samples need %zu", call, bytes, (void *)out, (long long)count,
                fits ? needed : SIZE_MAX);
    const int64_t batch = gli_min_i64(count, gli_batch_size(model, batch_size, GLI_DEFAULT_EVALUATION_BATCH));
    class_outputs to    = {.out = out};
    GLI_TRY(gli_block_alloc(ctx, (size_t)batch, (size_t)elements * glia_dtype_size(gli_value_dtype(model, value)),
                            "predictions", &to.logits));
    const glia_status status = predict_batches(model, data, batch_size, call, take_classes, &to);
    gli_block_free(ctx, &to.logits);
    return status;
}

glia_status glia_model_predict_classes(glia_model *model, glia_dataset *data, int batch_size, int64_t *out,
                                       size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_model_predict_classes"));
    return gli_call_end(model, predict_classes(model, data, batch_size, out, bytes));
}

/* ---- confusion matrix ---- */

static glia_status confusion(glia_model *model, glia_dataset *data, int batch_size, int64_t *counts, size_t bytes) {
    glia_context *ctx = model->ctx;
    gli_pass p;
    GLI_TRY(gli_check_data(model, data, "glia_model_confusion_matrix"));
    const glia_tensor *shape = &model->values[model->training->outputs[0].value].shape;
    const size_t classes     = (size_t)model->training->outputs[0].classes;
    GLI_REQUIRE(ctx, model->training->outputs[0].args.loss.kind != GLIA_LOSS_NONE, GLIA_INVALID_ARGUMENT,
                "glia_model_confusion_matrix: the first output has no loss, and so no target");
    GLI_REQUIRE(ctx, shape->ndim == 2, GLIA_SHAPE_MISMATCH,
                "glia_model_confusion_matrix: the first output is %s, must be [classes]",
                gli_shape_text(shape->ndim - 1, shape->dim + 1, (char[GLI_SHAPE_TEXT]){0}));
    GLI_TRY(check_batch_size(model, batch_size, "glia_model_confusion_matrix"));
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
