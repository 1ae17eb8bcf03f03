/* Datasets from arrays. */
#include <math.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/dtype.h"
#include "data/dataset.h"

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
    gli_data_field *field = &gli_own_store(dataset)->fields[i];
    char argument[GLI_ARGUMENT_NAME];
    gli_argument_name(dataset, i, argument);
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
