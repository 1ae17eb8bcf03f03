/* Resident datasets: the samples are on the device, so that an epoch uploads only their order. */
#include <limits.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/device.h"
#include "core/dtype.h"
#include "core/size.h"
#include "core/tensor_impl.h"
#include "data/augmented.h"

static glia_dtype dtype_on_device(const gli_data_field *field) {
    return field->table.data ? field->stored : field->delivered;
}

static bool as_stored(const gli_data_field *field) {
    return field->table.data || (field->stored == field->delivered && field->channels == 0);
}

/* Elements from the first of the first sample to the last of the last one. */
static int64_t extent(const gli_data_field *field, int64_t count) {
    return count > 0 ? (count - 1) * field->stride + field->elements : 0;
}

/* NULL, or why the samples stay in host memory. */
static const char *reason_for_host(const glia_dataset *dataset, size_t *bytes, size_t *missing) {
    *bytes = *missing = 0;
    for (int i = 0; i < gli_dataset_columns(dataset); ++i) {
        const gli_data_store *store = gli_column_part(dataset, i)->store;
        const gli_data_field *field = gli_column_field(dataset, i);
        if (store->depth > 0) return "a function makes its samples";
        const int64_t elements = gli_saturating_mul(field->elements, store->count);
        if (elements > INT_MAX) return "its samples have more than 2^31-1 elements";
        const size_t size = (size_t)extent(field, store->count) * glia_dtype_size(dtype_on_device(field));
        *bytes += size;
        if (!field->resident) *missing += size;
    }
    return NULL;
}

static glia_status upload_delivered(const gli_data_store *store, int i) {
    enum { CHUNK_BYTES = 1 << 20 };
    glia_context *ctx         = store->ctx;
    const glia_tensor *tensor = store->fields[i].resident;
    const size_t size         = gli_field_bytes(&store->fields[i]);
    const int64_t rows        = gli_max_i64(CHUNK_BYTES / (int64_t)(size ? size : 1), 1);
    gli_block staged;
    GLI_TRY(gli_block_alloc(ctx, (size_t)rows, size, "samples on their way to the device", &staged));
    glia_status status = GLIA_OK;
    for (int64_t first = 0; first < store->count && status == GLIA_OK; first += rows) {
        const int64_t n = gli_min_i64(rows, store->count - first);
        for (int64_t k = 0; k < n; ++k)
            gli_data_store_deliver(store, i, first + k, (char *)staged.data + (size_t)k * size);
        status = ctx->device->upload(ctx, (char *)tensor->data + (size_t)first * size, staged.data, (size_t)n * size);
    }
    gli_block_free(ctx, &staged);
    return status;
}

/* Windows that overlap are stored once, as in host memory. */
static glia_status upload_windows(glia_context *ctx, gli_data_field *field, glia_shape shape) {
    const glia_dtype dtype = field->stored;
    const int64_t elements = extent(field, shape.dim[0]);
    GLI_TRY(glia_tensor_create(ctx, dtype, GLIA_SHAPE(elements), &field->resident));
    GLI_TRY(glia_tensor_write(field->resident, field->data, (size_t)elements * glia_dtype_size(dtype)));
    gli_set_shape(field->resident, dtype, shape.ndim, shape.dim);
    field->resident->stride[0] = field->stride;
    return GLIA_OK;
}

static glia_status upload_field(gli_data_store *store, int i) {
    glia_context *ctx     = store->ctx;
    gli_data_field *field = &store->fields[i];
    glia_shape shape      = {.ndim = field->shape.ndim + 1, .dim = {store->count}};
    memcpy(shape.dim + 1, field->shape.dim, (size_t)field->shape.ndim * sizeof *shape.dim);
    if (field->stride != field->elements) return upload_windows(ctx, field, shape);
    GLI_TRY(glia_tensor_create(ctx, dtype_on_device(field), shape, &field->resident));
    const size_t bytes = (size_t)(field->elements * store->count) * glia_dtype_size(dtype_on_device(field));
    if (store->reader || !as_stored(field)) return upload_delivered(store, i);
    GLI_TRY(glia_tensor_write(field->resident, field->data, bytes));
    if (!field->table.data) return GLIA_OK;
    GLI_TRY(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(field->channels, UINT8_MAX + 1), &field->resident_table));
    return glia_tensor_write(field->resident_table, field->table.data, field->table.bytes);
}

void gli_field_free_resident(gli_data_field *field) {
    glia_tensor_destroy(field->resident);
    glia_tensor_destroy(field->resident_table);
    field->resident = field->resident_table = NULL;
}

static glia_status upload(glia_dataset *dataset) {
    for (int i = 0; i < gli_dataset_columns(dataset); ++i) {
        gli_data_field *field = gli_column_field(dataset, i);
        if (field->resident) continue;
        const glia_status status = upload_field(gli_column_part(dataset, i)->store, dataset->columns[i].field);
        if (status != GLIA_OK) return gli_field_free_resident(field), status;
    }
    for (int i = 0; i < dataset->n_parts; ++i) {
        glia_tensor **order = &dataset->parts[i].resident_order;
        if (!*order) GLI_TRY(glia_tensor_create(dataset->ctx, GLIA_I64, GLIA_SHAPE(dataset->count), order));
    }
    return GLIA_OK;
}

static glia_status make_resident(glia_dataset *dataset, bool *resident) {
    glia_context *ctx = dataset->ctx;
    size_t bytes, missing, available, total;
    *resident = false;
    if (!ctx->device->memory) return GLIA_OK;
    *resident = dataset->resident;
    if (*resident) return GLIA_OK;
    const char *why = reason_for_host(dataset, &bytes, &missing);
    GLI_TRY(ctx->device->memory(ctx, &available, &total));
    if (!why && missing > available / 2) why = "its samples take more than half of the free memory";
    if (why) {
        gli_log(ctx, GLI_LOG_INFO, "dataset: batches are gathered on the host: %s", why);
        return GLIA_OK;
    }
    const glia_status status = upload(dataset);
    if (status == GLIA_OK) gli_log(ctx, GLI_LOG_INFO, "dataset: %zu bytes stay on %s", bytes, ctx->device_name);
    *resident = dataset->resident = status == GLIA_OK;
    return status == GLIA_OUT_OF_MEMORY ? GLIA_OK : status;
}

/* What augmented passes need besides: the numbers of samples, of which transforms are drawn, and where views have them.
 */
static glia_status make_numbers(glia_dataset *dataset) {
    const glia_shape shape = GLIA_SHAPE(dataset->count);
    for (int i = 0; i < dataset->n_parts; ++i) {
        gli_part *part = &dataset->parts[i];
        if (!part->order.data || part->resident_view) continue;
        GLI_TRY(glia_tensor_create(dataset->ctx, GLIA_I64, shape, &part->resident_view));
        GLI_TRY(glia_tensor_write(part->resident_view, part->order.data, part->order.bytes));
    }
    if (dataset->resident_numbers) return GLIA_OK;
    return glia_tensor_create(dataset->ctx, GLIA_I64, shape, &dataset->resident_numbers);
}

glia_status gli_dataset_make_resident(glia_dataset *dataset, bool *resident) {
    const gli_augmented *augmented = gli_dataset_augmented(dataset);
    GLI_TRY(make_resident(gli_dataset_kept(dataset), resident));
    if (!augmented || !*resident) return GLIA_OK;
    const glia_status status = make_numbers(augmented->of);
    *resident                = status == GLIA_OK;
    return status == GLIA_OUT_OF_MEMORY ? GLIA_OK : status;
}

static glia_status upload_order(glia_context *ctx, gli_part *part, const int64_t *order, int64_t count) {
    gli_block block;
    if (!part->order.data) return glia_tensor_write(part->resident_order, order, (size_t)count * sizeof *order);
    GLI_TRY(gli_block_alloc(ctx, (size_t)count, sizeof *order, "an order", &block));
    int64_t *samples = block.data;
    for (int64_t i = 0; i < count; ++i) samples[i] = gli_part_sample(part, order[i]);
    const glia_status status = glia_tensor_write(part->resident_order, samples, block.bytes);
    gli_block_free(ctx, &block);
    return status;
}

glia_status gli_dataset_upload_order(glia_dataset *dataset, const int64_t *order) {
    const gli_augmented *augmented = gli_dataset_augmented(dataset);
    if (augmented)
        return glia_tensor_write(augmented->of->resident_numbers, order, (size_t)dataset->count * sizeof *order);
    for (int i = 0; i < dataset->n_parts; ++i)
        GLI_TRY(upload_order(dataset->ctx, &dataset->parts[i], order, dataset->count));
    return GLIA_OK;
}
