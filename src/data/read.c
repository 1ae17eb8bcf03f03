/* Reading samples one by one, out of memory or by the readers of stores. */
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/dtype.h"
#include "core/float_mode.h"
#include "core/philox.h"
#include "core/size.h"
#include "core/tensor_impl.h"
#include "data/dataset.h"

/* ---- Fields in memory ---- */

size_t gli_field_bytes(const gli_data_field *field) {
    return (size_t)field->elements * glia_dtype_size(field->delivered);
}

static void convert_by_table(const gli_data_field *field, const uint8_t *from, float *to) {
    const int64_t part = field->elements / field->channels;
    const float *table = field->table.data;
    for (int64_t c = 0; c < field->channels; ++c, from += part, to += part, table += UINT8_MAX + 1)
        for (int64_t k = 0; k < part; ++k) to[k] = table[from[k]];
}

/* In one mode, whichever thread it is. */
static void convert(const gli_data_field *field, const void *from, void *to) {
    const gli_affine identity = {1, 0}, *affine = field->channels ? field->affine.data : &identity;
    const int64_t channels = gli_max_i64(field->channels, 1), part = field->elements / channels;
    const uint64_t before = gli_float_mode_enter(true);
    for (int64_t c = 0; c < channels; ++c)
        for (int64_t k = c * part; k < (c + 1) * part; ++k)
            gli_store(field->delivered, to, k, gli_load(field->stored, from, k) * affine[c].scale + affine[c].offset);
    gli_float_mode_leave(before);
}

static const char *sample_of(const gli_data_field *field, int64_t sample) {
    return field->data + (size_t)(sample * field->stride) * glia_dtype_size(field->stored);
}

static void deliver(const gli_data_field *field, int64_t sample, void *to) {
    const char *from = sample_of(field, sample);
    if (field->table.data)
        convert_by_table(field, (const uint8_t *)from, to);
    else if (field->channels || field->stored != field->delivered)
        convert(field, from, to);
    else if (field->elements > 0)
        memcpy(to, from, gli_field_bytes(field));
}

void gli_data_store_deliver(const gli_data_store *store, int field, int64_t sample, void *to) {
    void *of[GLI_MAX_COLUMNS] = {[0] = NULL};
    of[field]                 = to;
    if (store->reader)
        store->reader->read(store, sample, of, NULL, &(gli_reading){.ctx = store->ctx});
    else
        deliver(&store->fields[field], sample, to);
}

void gli_data_store_prefetch(const gli_data_store *store, int field, int64_t sample) {
    enum { LINE = 64, MOST = 1024 }; /* bytes; processors fetch the rest of a run themselves */
    const gli_data_field *f = &store->fields[field];
    if (store->reader) return;
    const char *from    = sample_of(f, sample);
    const int64_t bytes = gli_min_i64(f->elements * (int64_t)glia_dtype_size(f->stored), MOST);
    for (int64_t at = 0; at < bytes; at += LINE) __builtin_prefetch(from + at);
}

/* ---- Samples ---- */

size_t gli_dataset_scratch(const glia_dataset *dataset) {
    size_t bytes = 0;
    for (int i = 0; i < dataset->n_parts; ++i)
        if (dataset->parts[i].store->scratch > bytes) bytes = dataset->parts[i].store->scratch;
    return bytes;
}

bool gli_dataset_is_concurrent(const glia_dataset *dataset) {
    for (int i = 0; i < dataset->n_parts; ++i)
        if (!dataset->parts[i].store->concurrent) return false;
    return true;
}

int gli_dataset_depth(const glia_dataset *dataset) {
    int depth = 0;
    for (int i = 0; i < dataset->n_parts; ++i)
        if (dataset->parts[i].store->depth > depth) depth = dataset->parts[i].store->depth;
    return depth;
}

/* Columns that show the same field get a copy of the first. */
static glia_status read_by_reader(const glia_dataset *dataset, int part, int64_t sample, void *const *to, char *scratch,
                                  gli_reading *reading) {
    const gli_data_store *store = dataset->parts[part].store;
    void *of[GLI_MAX_COLUMNS]   = {0};
    bool wanted                 = false;
    for (int i = 0; i < gli_dataset_columns(dataset); ++i) {
        const gli_column *column = &dataset->columns[i];
        if (column->part != part || !to[i]) continue;
        if (!of[column->field]) of[column->field] = to[i];
        wanted = true;
    }
    if (!wanted) return GLIA_OK;
    GLI_TRY(store->reader->read(store, sample, of, scratch, reading));
    for (int i = 0; i < gli_dataset_columns(dataset); ++i) {
        const gli_column *column = &dataset->columns[i];
        if (column->part == part && to[i] && to[i] != of[column->field])
            memcpy(to[i], of[column->field], gli_field_bytes(&store->fields[column->field]));
    }
    return GLIA_OK;
}

glia_status gli_sample_read(const glia_dataset *dataset, int64_t index, void *const *to, char *scratch,
                            gli_reading *reading) {
    for (int i = 0; i < gli_dataset_columns(dataset); ++i) {
        const gli_part *part = gli_column_part(dataset, i);
        if (to[i] && !part->store->reader) deliver(gli_column_field(dataset, i), gli_part_sample(part, index), to[i]);
    }
    for (int i = 0; i < dataset->n_parts; ++i) {
        const gli_part *part = &dataset->parts[i];
        if (part->store->reader)
            GLI_TRY(read_by_reader(dataset, i, gli_part_sample(part, index), to, scratch, reading));
    }
    return GLIA_OK;
}

size_t gli_data_store_bytes(const gli_data_store *store) {
    size_t bytes = 0;
    for (int i = 0; i < store->n_inputs + store->n_targets; ++i)
        bytes += gli_align_up(gli_field_bytes(&store->fields[i]), GLI_ALIGNMENT);
    return bytes;
}

size_t gli_dataset_bytes(const glia_dataset *dataset) {
    size_t bytes = 0;
    for (int i = 0; i < gli_dataset_columns(dataset); ++i)
        bytes += gli_align_up(gli_field_bytes(gli_column_field(dataset, i)), GLI_ALIGNMENT);
    return bytes;
}

char *gli_place(void **to, size_t bytes, char *scratch) {
    if (*to || bytes == 0) return scratch;
    *to = scratch;
    return scratch + gli_align_up(bytes, GLI_ALIGNMENT);
}

glia_sample gli_sample_begin(const gli_data_store *store, int64_t index, int n_inputs, void *const *to,
                             gli_reading *reading) {
    const gli_random use = {store->ctx->seed, GLI_STREAM_SAMPLE + (uint32_t)store->depth, (uint32_t)reading->epoch};
    const gli_u32x4 bits = gli_random_block(use, (uint32_t)index);
    if (reading->ctx) reading->failures = reading->ctx->failures;
    reading->message[0] = 0;
    return (glia_sample){.index   = index,
                         .epoch   = reading->epoch,
                         .random  = (uint64_t)bits.v[1] << 32 | bits.v[0],
                         .inputs  = to,
                         .targets = to + n_inputs,
                         .message = reading->message};
}

/* ---- Failures ---- */

glia_status gli_reading_fail(gli_reading *reading, glia_status status, const char *who, int64_t sample) {
    reading->status = status;
    reading->who    = who;
    reading->sample = sample;
    return status;
}

glia_status gli_reading_explain(glia_context *ctx, const gli_reading *reading) {
    char words[48];
    snprintf(words, sizeof words, " for sample %lld", (long long)reading->sample);
    if (reading->message[0]) /* it may have no end */
        return gli_fail(ctx, reading->status, "%s returned %s%s: %.*s", reading->who, glia_status_name(reading->status),
                        words, GLIA_SAMPLE_MESSAGE - 1, reading->message);
    return gli_explain_callback(ctx, reading->status, reading->ctx ? reading->failures : ctx->failures, reading->who,
                                words);
}

/* ---- Cursors ---- */

glia_status gli_cursor_create(const glia_dataset *dataset, gli_cursor *out) {
    const size_t bytes = gli_dataset_bytes(dataset) + gli_dataset_scratch(dataset);
    *out               = (gli_cursor){.dataset = dataset, .reading = {.ctx = dataset->ctx}};
    GLI_TRY(gli_block_alloc(dataset->ctx, bytes, 1, "a sample of a dataset", &out->memory));
    out->scratch = out->memory.data;
    for (int i = 0; i < gli_dataset_columns(dataset); ++i)
        out->scratch = gli_place(&out->to[i], gli_field_bytes(gli_column_field(dataset, i)), out->scratch);
    return GLIA_OK;
}

void gli_cursor_destroy(gli_cursor *cursor) { gli_block_free(cursor->dataset->ctx, &cursor->memory); }

glia_status gli_cursor_read(gli_cursor *cursor, int64_t index) {
    const glia_status status = gli_sample_read(cursor->dataset, index, cursor->to, cursor->scratch, &cursor->reading);
    return status == GLIA_OK ? GLIA_OK : gli_reading_explain(cursor->dataset->ctx, &cursor->reading);
}
