/* Occlusion: one sample many times, each time with a patch over another place of its image. */
#include <math.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "train/diagnosis.h"
#include "train/look.h"

static const char *const call = "glia_model_occlusion";

typedef struct occlusion {
    const glia_occlusion_args *args;
    glia_dataset *data;
    gli_pass pass;    /* its loader gives one sample after another; batches are made here */
    int field;        /* of the images, among the inputs */
    glia_dtype dtype; /* of the output */
    int64_t channels, height, width;
    int64_t stride[2], rows, columns; /* of the map */
    int64_t batch;                    /* images of a step, at most */
    int64_t element, elements;        /* of an output: the one that the map is of, and how many there are */
    glia_tensor *sample[GLI_MAX_STEP_INPUTS];
    gli_block one[GLIA_MAX_FIELDS], many[GLIA_MAX_FIELDS]; /* inputs of the sample, and of a batch */
    gli_block output;                                      /* of a batch */
} occlusion;

/* ---- Samples with patches ---- */

/* Places are numbered from 1; at 0 nothing is hidden. */
static void hide(const occlusion *o, int64_t row, int64_t place) {
    const int64_t y = (place - 1) / o->columns, x = (place - 1) % o->columns;
    const int64_t top    = gli_min_i64(y * o->stride[0], o->height - o->args->patch[0]);
    const int64_t left   = gli_min_i64(x * o->stride[1], o->width - o->args->patch[1]);
    const int64_t bottom = top + o->args->patch[0], right = left + o->args->patch[1];
    const glia_dtype dtype = o->pass.spec[o->field].dtype;
    for (int64_t c = 0; c < o->channels; ++c)
        for (int64_t i = top; i < bottom; ++i)
            for (int64_t k = left; k < right; ++k)
                gli_store(dtype, o->many[o->field].data, ((row * o->channels + c) * o->height + i) * o->width + k,
                          o->args->fill);
}

static glia_status write_batch(const occlusion *o, int64_t first, const gli_step *step) {
    for (int f = 0; f < o->pass.n_spec; ++f) {
        const size_t each = o->one[f].bytes;
        char *rows        = o->many[f].data;
        for (int64_t n = 0; n < step->batch && each > 0; ++n) memcpy(rows + (size_t)n * each, o->one[f].data, each);
        for (int64_t n = 0; n < step->batch && f == o->field; ++n)
            if (first + n > 0) hide(o, n, first + n);
        GLI_TRY(glia_tensor_write(step->in[f], rows, (size_t)step->batch * each));
    }
    return GLIA_OK;
}

static glia_status read_sample(occlusion *o) {
    const glia_status status = gli_loader_next(&o->pass.loader, o->sample, NULL);
    o->pass.user_failed      = status != GLIA_OK;
    GLI_TRY(status);
    for (int f = 0; f < o->pass.n_spec; ++f) GLI_TRY(glia_tensor_read(o->sample[f], o->one[f].data, o->one[f].bytes));
    return GLIA_OK;
}

/* ---- The map ---- */

static const void *output_row(const occlusion *o, int64_t row) {
    return (const char *)o->output.data + (size_t)(row * o->elements) * glia_dtype_size(o->dtype);
}

static double mapped(const occlusion *o, int64_t row) {
    const glia_dtype dtype = o->dtype;
    const void *y          = output_row(o, row);
    double sum             = 0;
    if (!o->args->softmax) return gli_load(dtype, y, o->element);
    const double largest = gli_load(dtype, y, gli_largest(dtype, y, o->elements, 1));
    for (int64_t k = 0; k < o->elements; ++k) sum += exp(gli_load(dtype, y, k) - largest);
    return exp(gli_load(dtype, y, o->element) - largest) / sum;
}

static glia_status map_sample(occlusion *o, char *map) {
    const glia_model *model = o->pass.model;
    const int64_t images    = o->rows * o->columns + 1;
    GLI_TRY(read_sample(o));
    for (int64_t first = 0; first < images; first += o->batch) {
        gli_step *step;
        GLI_TRY(gli_pass_get(&o->pass, gli_min_i64(o->batch, images - first), &step));
        GLI_TRY(write_batch(o, first, step));
        GLI_TRY(gli_step_run(o->pass.model, step));
        const glia_tensor *y = step->out[o->args->output];
        GLI_TRY(glia_tensor_read(y, o->output.data, (size_t)gli_count(y) * glia_dtype_size(y->dtype)));
        if (first == 0 && !o->args->element.set) o->element = gli_largest(o->dtype, output_row(o, 0), o->elements, 1);
        for (int64_t n = 0; n < step->batch; ++n)
            if (first + n > 0) gli_store(model->dtype, map, first + n - 1, mapped(o, n));
    }
    return GLIA_OK;
}

static glia_status map_samples(occlusion *o, char *out) {
    const size_t each = (size_t)(o->rows * o->columns) * glia_dtype_size(o->pass.model->dtype);
    for (int64_t n = 0; n < glia_dataset_count(o->data); ++n) GLI_TRY(map_sample(o, out + (size_t)n * each));
    return GLIA_OK;
}

/* ---- Checks and memory ---- */

static glia_status choose_places(occlusion *o, const glia_tensor *image) {
    const int64_t size[2] = {image->dim[2], image->dim[3]};
    int64_t places[2];
    for (int i = 0; i < 2; ++i) {
        const char *what = i == 0 ? "rows" : "columns";
        const int patch = o->args->patch[i], stride = o->args->stride[i];
        GLI_REQUIRE(image->ctx, patch >= 1 && patch <= size[i], GLIA_INVALID_ARGUMENT,
                    "%s: the patch has %d %s, must have 1 to the image's %lld", call, patch, what, (long long)size[i]);
        GLI_REQUIRE(image->ctx, stride >= 0, GLIA_INVALID_ARGUMENT, "%s: the stride is %d %s, must not be negative",
                    call, stride, what);
        o->stride[i] = stride ? stride : 1;
        places[i]    = gli_divide_up(size[i] - patch, o->stride[i]) + 1;
    }
    o->channels = image->dim[1], o->height = size[0], o->width = size[1];
    o->rows = places[0], o->columns = places[1];
    return GLIA_OK;
}

static glia_status check(occlusion *o, const void *out, size_t bytes) {
    const glia_occlusion_args *a = o->args;
    const glia_model *model      = o->pass.model;
    int image, output;
    GLI_TRY(gli_look_check(model, o->data, a->batch_size, call));
    GLI_REQUIRE(model->ctx, model->stateful_batch == 0, GLIA_UNSUPPORTED,
                "%s: %s has a stateful_batch: its states would go from one patch to the next", call,
                model->layers[model->stateful_layer].label);
    GLI_TRY(gli_look_image(model, call, a->input, &image));
    GLI_TRY(gli_look_output(model, call, a->output, &output));
    GLI_TRY(gli_look_float(model, call, "what is looked at", output));
    GLI_TRY(gli_look_element(model, call, a->element, output, &o->element));
    GLI_TRY(choose_places(o, &model->values[image].shape));
    const glia_dtype dtype = model->values[image].shape.dtype;
    GLI_REQUIRE(model->ctx, gli_finite_in(dtype, a->fill), GLIA_INVALID_ARGUMENT,
                "%s: fill is %g, must be finite in %s", call, a->fill, glia_dtype_name(dtype));
    o->field    = model->values[image].index;
    o->dtype    = gli_value_dtype(model, output);
    o->elements = gli_look_elements(model, output);
    o->batch    = gli_min_i64(a->batch_size ? a->batch_size : GLI_DEFAULT_EVALUATION_BATCH, o->rows * o->columns + 1);
    return gli_look_bytes(model, call, out, bytes, glia_dataset_count(o->data),
                          o->rows * o->columns * (int64_t)glia_dtype_size(model->dtype));
}

/* Plans a step, which checks the data's shapes. */
static glia_status prepare(occlusion *o) {
    glia_context *ctx = o->pass.model->ctx;
    gli_step *step;
    for (int f = 0; f < o->pass.model->n_inputs; ++f) {
        const glia_field field = glia_dataset_input(o->data, f);
        o->pass.spec[f]        = (gli_sample_spec){.dtype = field.dtype, .shape = field.shape};
    }
    o->pass.n_spec = o->pass.model->n_inputs;
    GLI_TRY(gli_loader_create(o->data, &(gli_loader_args){.batch_size = 1}, &o->pass.loader));
    GLI_TRY(gli_pass_get(&o->pass, o->batch, &step));
    const glia_tensor *y = step->out[o->args->output];
    GLI_TRY(gli_block_alloc(ctx, (size_t)gli_count(y), glia_dtype_size(y->dtype), "outputs", &o->output));
    GLI_TRY(gli_batch_create(&o->pass, 1, o->sample));
    for (int f = 0; f < o->pass.n_spec; ++f) {
        const glia_tensor *sample = o->sample[f];
        const size_t each         = (size_t)gli_count(sample) * glia_dtype_size(sample->dtype);
        GLI_TRY(gli_block_alloc(ctx, 1, each, "a sample", &o->one[f]));
        GLI_TRY(gli_block_alloc(ctx, (size_t)o->batch, each, "samples with patches", &o->many[f]));
    }
    return GLIA_OK;
}

static void give_back(occlusion *o) {
    glia_context *ctx = o->pass.model->ctx;
    gli_loader_destroy(&o->pass.loader);
    gli_batch_destroy(o->sample);
    gli_block_free(ctx, &o->output);
    for (int f = 0; f < GLIA_MAX_FIELDS; ++f) gli_block_free(ctx, &o->one[f]), gli_block_free(ctx, &o->many[f]);
}

static glia_status occlude(glia_model *model, glia_dataset *data, const glia_occlusion_args *args, void *out,
                           size_t bytes) {
    occlusion o = {.args = args, .data = data, .pass = {.model = model, .kind = GLI_PASS_PREDICT, .call = call}};
    GLI_REQUIRE(model->ctx, args, GLIA_INVALID_ARGUMENT, "%s: args is NULL", call);
    GLI_TRY(check(&o, out, bytes));
    glia_status status = prepare(&o);
    if (status == GLIA_OK) status = map_samples(&o, out);
    status = gli_name_bad_index(&o.pass, status);
    give_back(&o);
    return status;
}

glia_status glia_model_occlusion(glia_model *model, glia_dataset *data, const glia_occlusion_args *args, void *out,
                                 size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, call));
    return gli_call_end(model, occlude(model, data, args, out, bytes));
}
