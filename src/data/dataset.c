/* Datasets from arrays and from generators. */
#include "data/dataset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/dtype.h"
#include "core/size.h"
#include "core/tensor_impl.h"

glia_status gli_dataset_new(glia_context *ctx, const char *function, int64_t count, int n_inputs, int n_targets,
                            glia_dataset **out) {
    GLI_REQUIRE(ctx, count >= 0 && count <= UINT32_MAX, GLIA_INVALID_ARGUMENT, "%s: count is %lld, must be 0 to %lld",
                function, (long long)count, (long long)UINT32_MAX);
    GLI_REQUIRE(ctx, n_inputs >= 1 && n_inputs <= GLIA_MAX_FIELDS, GLIA_INVALID_ARGUMENT,
                "%s: %d inputs, must be 1 to %d", function, n_inputs, GLIA_MAX_FIELDS);
    GLI_REQUIRE(ctx, n_targets >= 0 && n_targets <= GLIA_MAX_FIELDS, GLIA_INVALID_ARGUMENT,
                "%s: %d targets, must be 0 to %d", function, n_targets, GLIA_MAX_FIELDS);
    void *memory;
    GLI_TRY(gli_new(ctx, 1, sizeof **out, "a dataset", &memory));
    *out               = memory;
    (*out)->ctx        = ctx;
    (*out)->references = 1;
    (*out)->count      = count;
    (*out)->n_inputs   = n_inputs;
    (*out)->n_targets  = n_targets;
    gli_context_retain(ctx);
    return GLIA_OK;
}

void gli_dataset_retain(glia_dataset *dataset) { __atomic_fetch_add(&dataset->references, 1, __ATOMIC_RELAXED); }

void glia_dataset_destroy(glia_dataset *dataset) {
    if (!dataset || __atomic_fetch_sub(&dataset->references, 1, __ATOMIC_ACQ_REL) != 1) return;
    glia_context *ctx = dataset->ctx;
    for (int i = 0; i < dataset->n_inputs + dataset->n_targets; ++i) {
        gli_block_free(ctx, &dataset->fields[i].owned);
        gli_block_free(ctx, &dataset->fields[i].affine);
        gli_block_free(ctx, &dataset->fields[i].table);
    }
    gli_dataset_free_resident(dataset);
    gli_block_free(ctx, &dataset->order);
    glia_dataset_destroy(dataset->root);
    gli_free(ctx, dataset, 1, sizeof *dataset);
    gli_context_release(ctx);
}

/* "inputs[0]", as in the caller's arguments. */
static const char *argument_name(const glia_dataset *dataset, int i, char *text, size_t size) {
    const bool target = i >= dataset->n_inputs;
    snprintf(text, size, "%s[%d]", target ? "targets" : "inputs", target ? i - dataset->n_inputs : i);
    return text;
}

static glia_status set_name(glia_dataset *dataset, const char *function, int i, const char *name) {
    char argument[32], *to = dataset->fields[i].name;
    argument_name(dataset, i, argument, sizeof argument);
    const bool target = i >= dataset->n_inputs;
    if (!name) {
        snprintf(to, GLI_FIELD_NAME, "%s%d", target ? "target" : "input", target ? i - dataset->n_inputs : i);
    } else {
        GLI_REQUIRE(dataset->ctx, gli_name_valid(name, GLI_FIELD_NAME - 1), GLIA_INVALID_ARGUMENT,
                    "%s: the name of %s has %zu bytes, must have 1 to %d and no control characters", function, argument,
                    strlen(name), GLI_FIELD_NAME - 1);
        memcpy(to, name, strlen(name) + 1);
    }
    for (int k = 0; k < i; ++k)
        GLI_REQUIRE(dataset->ctx, strcmp(to, dataset->fields[k].name) != 0, GLIA_INVALID_ARGUMENT,
                    "%s: %s has the name '%s', which another field has", function, argument, to);
    return GLIA_OK;
}

glia_status gli_dataset_describe(glia_dataset *dataset, const char *function, int i, const glia_field *description) {
    glia_context *ctx     = dataset->ctx;
    gli_data_field *field = &dataset->fields[i];
    glia_shape all        = {.dim = {dataset->count}};
    char argument[32], what[96];
    argument_name(dataset, i, argument, sizeof argument);
    snprintf(what, sizeof what, "%s: %s", function, argument);
    GLI_REQUIRE(ctx, description->shape.ndim >= 0 && description->shape.ndim < GLIA_MAX_DIMS, GLIA_INVALID_ARGUMENT,
                "%s has %d dimensions, must have 0 to %d", what, description->shape.ndim, GLIA_MAX_DIMS - 1);
    GLI_TRY(gli_shape_check(ctx, what, description->dtype, description->shape));
    all.ndim = description->shape.ndim + 1;
    memcpy(all.dim + 1, description->shape.dim, (size_t)description->shape.ndim * sizeof *all.dim);
    GLI_TRY(gli_shape_check(ctx, what, description->dtype, all));

    glia_tensor sample = {0};
    gli_set_shape(&sample, description->dtype, description->shape.ndim, description->shape.dim);
    field->shape.ndim = sample.ndim;
    memcpy(field->shape.dim, sample.dim, sizeof sample.dim);
    field->elements = field->stride = gli_count(&sample);
    field->stored = field->delivered = description->dtype;
    return set_name(dataset, function, i, description->name);
}

glia_status gli_dataset_scale(glia_dataset *dataset, int i, int64_t channels, const double *scale,
                              const double *offset) {
    enum { VALUES = UINT8_MAX + 1 };
    gli_data_field *field = &dataset->fields[i];
    field->channels       = channels;
    field->delivered      = GLIA_F32;
    GLI_TRY(
        gli_block_alloc(dataset->ctx, (size_t)channels, sizeof(gli_affine), "the scale of a dataset", &field->affine));
    gli_affine *affine = field->affine.data;
    for (int64_t c = 0; c < channels; ++c) affine[c] = (gli_affine){scale[c], offset ? offset[c] : 0};
    if (field->stored != GLIA_U8 || (channels > 1 && field->elements / channels < VALUES)) return GLIA_OK;
    GLI_TRY(gli_block_alloc(dataset->ctx, (size_t)channels, VALUES * sizeof(float), "the scale of a dataset",
                            &field->table));
    float *table = field->table.data;
    for (int64_t c = 0; c < channels; ++c)
        for (int value = 0; value < VALUES; ++value) *table++ = (float)(value * affine[c].scale + affine[c].offset);
    return GLIA_OK;
}

static glia_status check_scale(const glia_dataset *dataset, const char *function, const char *argument,
                               const glia_array *array) {
    glia_context *ctx     = dataset->ctx;
    const double *offsets = array->channel_offset;
    GLI_REQUIRE(ctx, isfinite(array->scale) && isfinite(array->offset) && (array->scale != 0 || array->offset == 0),
                GLIA_INVALID_ARGUMENT, "%s: %s has scale %g and offset %g, must be finite, and no offset alone",
                function, argument, array->scale, array->offset);
    if (!array->channel_scale) {
        GLI_REQUIRE(ctx, !offsets, GLIA_INVALID_ARGUMENT, "%s: %s has channel_offset without channel_scale", function,
                    argument);
        return GLIA_OK;
    }
    GLI_REQUIRE(ctx, array->scale == 0, GLIA_INVALID_ARGUMENT, "%s: %s has scale %g and channel_scale", function,
                argument, array->scale);
    GLI_REQUIRE(ctx, array->shape.ndim > 0, GLIA_INVALID_ARGUMENT, "%s: %s is a scalar and has channel_scale", function,
                argument);
    for (int64_t c = 0; c < array->shape.dim[0]; ++c) {
        const double scale = array->channel_scale[c], offset = offsets ? offsets[c] : 0;
        GLI_REQUIRE(ctx, isfinite(scale) && isfinite(offset) && scale != 0, GLIA_INVALID_ARGUMENT,
                    "%s: channel %lld of %s has scale %g and offset %g, must be finite, and the scale not 0", function,
                    (long long)c, argument, scale, offset);
    }
    return GLIA_OK;
}

static glia_status add_array(glia_dataset *dataset, const char *function, int i, const glia_array *array, bool copy) {
    glia_context *ctx     = dataset->ctx;
    gli_data_field *field = &dataset->fields[i];
    char argument[32];
    argument_name(dataset, i, argument, sizeof argument);
    GLI_TRY(gli_dataset_describe(dataset, function, i, &(glia_field){array->name, array->dtype, array->shape}));
    const size_t size = glia_dtype_size(array->dtype), bytes = (size_t)dataset->count * (size_t)field->elements * size;
    GLI_REQUIRE(ctx, array->data || bytes == 0, GLIA_INVALID_ARGUMENT, "%s: the data of %s is NULL", function,
                argument);
    GLI_REQUIRE(ctx, (uintptr_t)array->data % size == 0, GLIA_INVALID_ARGUMENT,
                "%s: the data of %s, %p, is not aligned to the %zu bytes of %s", function, argument, array->data, size,
                glia_dtype_name(array->dtype));
    GLI_TRY(check_scale(dataset, function, argument, array));
    field->data = array->data;
    if (copy && bytes > 0) {
        GLI_TRY(gli_block_alloc(ctx, bytes, 1, "a dataset's copy", &field->owned));
        memcpy(field->owned.data, array->data, bytes);
        field->data = field->owned.data;
    }
    if (array->channel_scale)
        return gli_dataset_scale(dataset, i, array->shape.dim[0], array->channel_scale, array->channel_offset);
    return array->scale != 0 ? gli_dataset_scale(dataset, i, 1, &array->scale, &array->offset) : GLIA_OK;
}

static glia_status from_arrays(glia_context *ctx, const glia_arrays_args *args, glia_dataset **out) {
    const char *function = "glia_dataset_from_arrays";
    GLI_REQUIRE(ctx, args && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, args ? "out" : "args");
    GLI_REQUIRE(ctx, args->inputs && (args->targets || args->n_targets == 0), GLIA_INVALID_ARGUMENT, "%s: %s is NULL",
                function, args->inputs ? "targets" : "inputs");
    glia_dataset *dataset;
    GLI_TRY(gli_dataset_new(ctx, function, args->count, args->n_inputs, args->n_targets, &dataset));
    glia_status status = GLIA_OK;
    for (int i = 0; i < args->n_inputs && status == GLIA_OK; ++i)
        status = add_array(dataset, function, i, &args->inputs[i], args->copy);
    for (int i = 0; i < args->n_targets && status == GLIA_OK; ++i)
        status = add_array(dataset, function, args->n_inputs + i, &args->targets[i], args->copy);
    if (status == GLIA_OK)
        *out = dataset;
    else
        glia_dataset_destroy(dataset);
    return status;
}

glia_status glia_dataset_from_arrays(glia_context *ctx, const glia_arrays_args *args, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_arrays(ctx, args, out);
    gli_leave(ctx);
    return status;
}

static glia_status from_generator(glia_context *ctx, const glia_generator_args *args, glia_dataset **out) {
    const char *function = "glia_dataset_from_generator";
    GLI_REQUIRE(ctx, args && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, args ? "out" : "args");
    GLI_REQUIRE(ctx, args->inputs && (args->targets || args->n_targets == 0), GLIA_INVALID_ARGUMENT, "%s: %s is NULL",
                function, args->inputs ? "targets" : "inputs");
    GLI_REQUIRE(ctx, args->generate, GLIA_INVALID_ARGUMENT, "%s: generate is NULL", function);
    glia_dataset *dataset;
    GLI_TRY(gli_dataset_new(ctx, function, args->count, args->n_inputs, args->n_targets, &dataset));
    dataset->generate  = args->generate;
    dataset->user      = args->user;
    glia_status status = GLIA_OK;
    for (int i = 0; i < args->n_inputs && status == GLIA_OK; ++i)
        status = gli_dataset_describe(dataset, function, i, &args->inputs[i]);
    for (int i = 0; i < args->n_targets && status == GLIA_OK; ++i)
        status = gli_dataset_describe(dataset, function, args->n_inputs + i, &args->targets[i]);
    if (status == GLIA_OK)
        *out = dataset;
    else
        glia_dataset_destroy(dataset);
    return status;
}

glia_status glia_dataset_from_generator(glia_context *ctx, const glia_generator_args *args, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_generator(ctx, args, out);
    gli_leave(ctx);
    return status;
}

int64_t glia_dataset_count(const glia_dataset *dataset) { return dataset ? dataset->count : 0; }
int glia_dataset_inputs(const glia_dataset *dataset) { return dataset ? dataset->n_inputs : 0; }
int glia_dataset_targets(const glia_dataset *dataset) { return dataset ? dataset->n_targets : 0; }

static glia_field field_of(const glia_dataset *dataset, int i) {
    const gli_data_field *field = &gli_dataset_root(dataset)->fields[i];
    return (glia_field){field->name, field->delivered, field->shape};
}

glia_field glia_dataset_input(const glia_dataset *dataset, int i) {
    return dataset && i >= 0 && i < dataset->n_inputs ? field_of(dataset, i) : (glia_field){0};
}

glia_field glia_dataset_target(const glia_dataset *dataset, int i) {
    return dataset && i >= 0 && i < dataset->n_targets ? field_of(dataset, dataset->n_inputs + i) : (glia_field){0};
}
