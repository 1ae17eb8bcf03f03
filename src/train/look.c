#include "train/look.h"

#include <math.h>

#include "core/dtype.h"
#include "core/size.h"
#include "train/diagnosis.h"

/* ---- Checks ---- */

glia_status gli_look_check(const glia_model *model, const glia_dataset *data, int batch_size, const char *call) {
    GLI_TRY(gli_check_data(model, data, call));
    GLI_REQUIRE(model->ctx, batch_size >= 0, GLIA_INVALID_ARGUMENT, "%s: batch_size is %d, must not be negative", call,
                batch_size);
    return GLIA_OK;
}

glia_status gli_look_find(const glia_model *model, const char *call, const char *name, bool weights, int *value) {
    char names[GLI_NAMES_TEXT];
    GLI_REQUIRE(model->ctx, name, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", call, weights ? "with_respect_to" : "layer");
    *value = gli_model_find_value(model, name, weights);
    GLI_REQUIRE(model->ctx, *value > 0, GLIA_NOT_FOUND, "%s: no %s is named '%.64s'; there are %s", call,
                weights ? "input, layer or weight" : "input or layer", name,
                gli_model_names_text(model, weights, names));
    const gli_model_value *found = &model->values[*value];
    GLI_REQUIRE(model->ctx, found->batched || (weights && found->source == GLI_SOURCE_WEIGHT), GLIA_SHAPE_MISMATCH,
                "%s: '%s' does not depend on any input", call, name);
    GLI_REQUIRE(model->ctx, !found->batched || (found->shape.ndim > 0 && found->shape.dim[0] == GLI_NOMINAL_BATCH),
                GLIA_SHAPE_MISMATCH,
                "%s: a batch of %d samples gives '%s' the shape %s: its first dimension is not the batch", call,
                (int)GLI_NOMINAL_BATCH, name, GLI_SHAPE_OF(&found->shape));
    return GLIA_OK;
}

glia_status gli_look_output(const glia_model *model, const char *call, int output, int *value) {
    const int n = model->training->n_outputs;
    GLI_REQUIRE(model->ctx, output >= 0 && output < n, GLIA_INVALID_ARGUMENT, "%s: output is %d, must be 0 to %d", call,
                output, n - 1);
    *value = model->training->outputs[output].value;
    return GLIA_OK;
}

glia_status gli_look_float(const glia_model *model, const char *call, const char *what, int value) {
    const glia_dtype dtype = model->values[value].shape.dtype;
    GLI_REQUIRE(model->ctx, gli_dtype_is_float(dtype), GLIA_DTYPE_MISMATCH,
                "%s: %s is %s: only floats have gradients and maps, such as the output of an embedding", call, what,
                glia_dtype_name(dtype));
    return GLIA_OK;
}

int64_t gli_look_elements(const glia_model *model, int value) {
    const gli_model_value *info = &model->values[value];
    return gli_count(&info->shape) / (info->batched ? GLI_NOMINAL_BATCH : 1);
}

glia_status gli_look_element(const glia_model *model, const char *call, glia_optional element, int value,
                             int64_t *out) {
    const int64_t count = gli_look_elements(model, value);
    GLI_REQUIRE(model->ctx, count > 0 && count <= INT32_MAX, GLIA_SHAPE_MISMATCH,
                "%s: a sample of what is looked at has %lld elements, must have 1 to %d", call, (long long)count,
                INT32_MAX);
    GLI_REQUIRE(
        model->ctx,
        !element.set || (element.value >= 0 && element.value < (double)count && element.value == floor(element.value)),
        GLIA_INVALID_ARGUMENT, "%s: element is %.17g, must be a whole number from 0 to %lld", call, element.value,
        (long long)count - 1);
    *out = element.set ? (int64_t)element.value : 0;
    return GLIA_OK;
}

glia_status gli_look_bytes(const glia_model *model, const char *call, const void *out, size_t bytes, int64_t count,
                           int64_t each) {
    size_t needed = (size_t)each;
    GLI_REQUIRE(model->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", call);
    GLI_REQUIRE(model->ctx, gli_mul_size(needed, (size_t)count, &needed) && bytes == needed, GLIA_SHAPE_MISMATCH,
                "%s: %zu bytes, the result has %zu: %lld times %lld", call, bytes, needed, (long long)count,
                (long long)each);
    return GLIA_OK;
}

glia_status gli_look_image(const glia_model *model, const char *call, const char *name, int *value) {
    *value = model->inputs[0].value;
    if (name) GLI_TRY(gli_look_find(model, call, name, false, value));
    const gli_model_value *image = &model->values[*value];
    const char *found            = name ? name : model->inputs[0].name;
    char sample[GLI_SHAPE_TEXT];
    GLI_REQUIRE(model->ctx, image->source == GLI_SOURCE_INPUT, GLIA_INVALID_ARGUMENT,
                "%s: '%s' is a layer, must be an input", call, found);
    GLI_REQUIRE(model->ctx, image->shape.ndim == 4 && gli_dtype_is_float(image->shape.dtype), GLIA_SHAPE_MISMATCH,
                "%s: input '%s' is %s %s, must be an image [C,H,W] of floats", call, found,
                glia_dtype_name(image->shape.dtype),
                gli_shape_text(image->shape.ndim - 1, image->shape.dim + 1, sample));
    return GLIA_OK;
}

/* ---- Batches ---- */

typedef struct run {
    const gli_look *look;
    int64_t count; /* samples of data */
} run;

static glia_status write_seed(const gli_look *look, glia_tensor *seed) {
    const int64_t count = gli_count(seed);
    gli_block host;
    GLI_TRY(gli_block_alloc(seed->ctx, (size_t)count, glia_dtype_size(seed->dtype), "a gradient", &host));
    for (int64_t i = 0; i < count; ++i)
        gli_store(seed->dtype, host.data, i, look->factors ? look->factors[i] : i == look->element);
    const glia_status status = glia_tensor_write(seed, host.data, host.bytes);
    gli_block_free(seed->ctx, &host);
    return status;
}

/* The mean over a batch, times its samples, is the sum; that divided by all samples is its part of their mean. */
static glia_status prepare(void *to, gli_step *step) {
    const run *r         = to;
    const gli_look *look = r->look;
    if (look->kind == GLI_PASS_LOSS_GRADIENT)
        return glia_tensor_fill(step->seed, (double)step->batch / (look->summed ? (double)r->count : 1));
    return look->kind == GLI_PASS_GRADIENT && !look->inspection.largest ? write_seed(look, step->seed) : GLIA_OK;
}

static glia_status take(void *to, const gli_step *step) {
    const run *r = to;
    return r->look->take(r->look->to, step);
}

static glia_status run_pass(gli_pass *p, run *r) {
    const glia_model *model = p->model;
    if (model->stateful_batch) GLI_TRY(gli_put_buffers_aside(model));
    const glia_status status = gli_pass_run(p, &(gli_batch_work){.prepare = prepare, .take = take, .to = r});
    const glia_status back   = model->stateful_batch ? gli_take_buffers_back(model) : GLIA_OK;
    return status == GLIA_OK ? back : status;
}

glia_status gli_look_run(const gli_look *look) {
    const gli_loader_args args = {.batch_size =
                                      gli_batch_size(look->model, look->batch_size, GLI_DEFAULT_EVALUATION_BATCH)};
    gli_pass p;
    run r              = {.look = look, .count = glia_dataset_count(look->data)};
    glia_status status = gli_pass_begin(&p, look->model, look->kind, look->data, &args, look->call);
    p.inspection       = look->inspection;
    if (status == GLIA_OK) status = run_pass(&p, &r);
    status = gli_name_bad_index(&p, status);
    gli_loader_destroy(&p.loader);
    return status;
}
