/* Datasets: their life, and the description of their fields. */
#include "data/dataset.h"

#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/dtype.h"
#include "core/size.h"
#include "core/tensor_impl.h"

/* ---- Life ---- */

static glia_status new_store(glia_context *ctx, int64_t count, int n_inputs, int n_targets, gli_data_store **out) {
    void *memory;
    GLI_TRY(gli_new(ctx, 1, sizeof **out, "a dataset", &memory));
    *out  = memory;
    **out = (gli_data_store){
        .ctx = ctx, .references = 1, .count = count, .n_inputs = n_inputs, .n_targets = n_targets, .concurrent = true};
    gli_context_retain(ctx);
    return GLIA_OK;
}

void gli_data_store_retain(gli_data_store *store) { __atomic_fetch_add(&store->references, 1, __ATOMIC_RELAXED); }

void gli_data_store_release(gli_data_store *store) {
    if (!store || __atomic_fetch_sub(&store->references, 1, __ATOMIC_ACQ_REL) != 1) return;
    glia_context *ctx = store->ctx;
    for (int i = 0; i < store->n_inputs + store->n_targets; ++i) {
        gli_block_free(ctx, &store->fields[i].owned);
        gli_block_free(ctx, &store->fields[i].affine);
        gli_block_free(ctx, &store->fields[i].table);
        gli_block_free(ctx, &store->fields[i].class_names);
        gli_field_free_resident(&store->fields[i]);
    }
    if (store->state) store->reader->destroy(store);
    gli_free(ctx, store, 1, sizeof *store);
    gli_context_release(ctx);
}

glia_status gli_dataset_new_view(glia_context *ctx, const char *function, int64_t count, int n_inputs, int n_targets,
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

glia_status gli_dataset_new(glia_context *ctx, const char *function, int64_t count, int n_inputs, int n_targets,
                            glia_dataset **out) {
    GLI_TRY(gli_dataset_new_view(ctx, function, count, n_inputs, n_targets, out));
    const glia_status status = new_store(ctx, count, n_inputs, n_targets, &(*out)->parts[0].store);
    if (status != GLIA_OK) return glia_dataset_destroy(*out), status;
    (*out)->n_parts = 1;
    for (int i = 0; i < n_inputs + n_targets; ++i) (*out)->columns[i].field = i;
    return GLIA_OK;
}

void gli_dataset_retain(glia_dataset *dataset) { __atomic_fetch_add(&dataset->references, 1, __ATOMIC_RELAXED); }

void glia_dataset_destroy(glia_dataset *dataset) {
    if (!dataset || __atomic_fetch_sub(&dataset->references, 1, __ATOMIC_ACQ_REL) != 1) return;
    glia_context *ctx = dataset->ctx;
    for (int i = 0; i < dataset->n_parts; ++i) {
        glia_tensor_destroy(dataset->parts[i].resident_order);
        glia_tensor_destroy(dataset->parts[i].resident_view);
        gli_block_free(ctx, &dataset->parts[i].order);
        gli_data_store_release(dataset->parts[i].store);
    }
    glia_tensor_destroy(dataset->resident_numbers);
    gli_free(ctx, dataset, 1, sizeof *dataset);
    gli_context_release(ctx);
}

glia_status gli_dataset_call_begin(glia_dataset *dataset) {
    GLI_TRY(gli_enter(dataset->ctx));
    gli_context_retain(dataset->ctx);
    gli_dataset_retain(dataset);
    return GLIA_OK;
}

glia_status gli_dataset_call_end(glia_dataset *dataset, glia_status status) {
    glia_context *ctx = dataset->ctx;
    glia_dataset_destroy(dataset);
    gli_leave(ctx);
    gli_context_release(ctx);
    return status;
}

/* ---- Fields ---- */

const char *gli_argument_name(const glia_dataset *dataset, int i, char text[GLI_ARGUMENT_NAME]) {
    const bool target = i >= dataset->n_inputs;
    snprintf(text, GLI_ARGUMENT_NAME, "%s[%d]", target ? "targets" : "inputs", target ? i - dataset->n_inputs : i);
    return text;
}

/* first: the column from which on names differ. */
static glia_status set_name(glia_dataset *dataset, const char *function, int i, const char *name, int first) {
    char argument[GLI_ARGUMENT_NAME], *to = dataset->columns[i].name;
    const bool target = i >= dataset->n_inputs;
    gli_argument_name(dataset, i, argument);
    if (!name) {
        snprintf(to, GLI_FIELD_NAME, "%s%d", target ? "target" : "input", target ? i - dataset->n_inputs : i);
    } else {
        GLI_REQUIRE(dataset->ctx, gli_name_valid(name, GLI_FIELD_NAME - 1), GLIA_INVALID_ARGUMENT,
                    "%s: the name of %s has %zu bytes, must have 1 to %d and no control characters", function, argument,
                    strlen(name), GLI_FIELD_NAME - 1);
        memmove(to, name, strlen(name) + 1);
    }
    for (int k = first; k < i; ++k)
        GLI_REQUIRE(dataset->ctx, strcmp(to, dataset->columns[k].name) != 0, GLIA_INVALID_ARGUMENT,
                    "%s: %s has the name '%s', which another field has", function, argument, to);
    return GLIA_OK;
}

glia_status gli_dataset_name(glia_dataset *dataset, const char *function, int i, const char *name) {
    return set_name(dataset, function, i, name, i < dataset->n_inputs ? 0 : dataset->n_inputs);
}

glia_status gli_dataset_shape(glia_dataset *dataset, const char *function, int i, const glia_field *description) {
    glia_context *ctx     = dataset->ctx;
    gli_data_field *field = &gli_own_store(dataset)->fields[i];
    glia_shape all        = {.dim = {dataset->count}};
    char argument[GLI_ARGUMENT_NAME], what[96];
    gli_argument_name(dataset, i, argument);
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
    return GLIA_OK;
}

glia_status gli_dataset_describe(glia_dataset *dataset, const char *function, int i, const glia_field *description) {
    GLI_TRY(gli_dataset_shape(dataset, function, i, description));
    return set_name(dataset, function, i, description->name, 0);
}

glia_status gli_dataset_describe_all(glia_dataset *dataset, const char *function, const glia_field *inputs,
                                     const glia_field *targets) {
    for (int i = 0; i < dataset->n_inputs; ++i) GLI_TRY(gli_dataset_describe(dataset, function, i, &inputs[i]));
    for (int i = 0; i < dataset->n_targets; ++i)
        GLI_TRY(gli_dataset_describe(dataset, function, dataset->n_inputs + i, &targets[i]));
    return GLIA_OK;
}

glia_status gli_dataset_scale(glia_dataset *dataset, int i, int64_t channels, const double *scale,
                              const double *offset) {
    enum { VALUES = UINT8_MAX + 1 };
    gli_data_field *field = &gli_own_store(dataset)->fields[i];
    field->channels       = channels;
    field->delivered      = GLIA_F32;
    GLI_TRY(
        gli_block_alloc(dataset->ctx, (size_t)channels, sizeof(gli_affine), "the scale of a dataset", &field->affine));
    gli_affine *affine = field->affine.data;
    for (int64_t c = 0; c < channels; ++c) affine[c] = (gli_affine){scale[c], offset ? offset[c] : 0};
    if (field->stored == GLIA_U8 && channels <= 4) {
        field->byte_scales = (int)channels;
        memcpy(field->byte_scale, affine, (size_t)channels * sizeof *affine);
    }
    if (field->stored != GLIA_U8 || (channels > 1 && field->elements / channels < VALUES)) return GLIA_OK;
    GLI_TRY(gli_block_alloc(dataset->ctx, (size_t)channels, VALUES * sizeof(float), "the scale of a dataset",
                            &field->table));
    float *table = field->table.data;
    for (int64_t c = 0; c < channels; ++c)
        for (int value = 0; value < VALUES; ++value) *table++ = (float)(value * affine[c].scale + affine[c].offset);
    return GLIA_OK;
}

int64_t glia_dataset_count(const glia_dataset *dataset) { return dataset ? dataset->count : 0; }
int glia_dataset_inputs(const glia_dataset *dataset) { return dataset ? dataset->n_inputs : 0; }
int glia_dataset_targets(const glia_dataset *dataset) { return dataset ? dataset->n_targets : 0; }

static glia_field field_of(const glia_dataset *dataset, int i) {
    const gli_data_field *field = gli_column_field(dataset, i);
    return (glia_field){dataset->columns[i].name, field->delivered, field->shape};
}

glia_field glia_dataset_input(const glia_dataset *dataset, int i) {
    return dataset && i >= 0 && i < dataset->n_inputs ? field_of(dataset, i) : (glia_field){0};
}

glia_field glia_dataset_target(const glia_dataset *dataset, int i) {
    return dataset && i >= 0 && i < dataset->n_targets ? field_of(dataset, dataset->n_inputs + i) : (glia_field){0};
}
