/* Writing safetensors: the bytes that the format's own library would write. */
#include <stdlib.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "core/utf8.h"
#include "io/json.h"
#include "io/output.h"
#include "io/safetensors.h"

/* An entry in the order of the file. */
typedef struct placed {
    const glia_safetensors_entry *entry;
    const gli_safetensors_dtype *dtype;
} placed;

/* ---- Checks ---- */

static const gli_safetensors_dtype *dtype_of(glia_dtype dtype) {
    for (int i = 0; i < gli_safetensors_dtype_count; ++i)
        if (gli_safetensors_dtypes[i].dtype == dtype && gli_dtype_valid(dtype)) return &gli_safetensors_dtypes[i];
    return NULL;
}

static bool is_text(const char *text) { return text && gli_utf8_valid(text, strlen(text)); }

static glia_status check_entry(glia_context *ctx, const char *call, const gli_safetensors_content *content, int i,
                               placed *out) {
    const glia_safetensors_entry *e = &content->entries[i];
    *out                            = (placed){e, dtype_of(e->dtype)};
    size_t bytes;
    GLI_REQUIRE(ctx, is_text(e->name) && strcmp(e->name, GLI_SAFETENSORS_NOTES) != 0, GLIA_INVALID_ARGUMENT,
                "%s: entry %d has no name, one that is not UTF-8, or " GLI_SAFETENSORS_NOTES, call, i);
    GLI_REQUIRE(ctx, out->dtype, GLIA_INVALID_ARGUMENT, "%s: '%s' has the invalid dtype %d", call, e->name,
                (int)e->dtype);
    bool fits = e->shape.ndim >= 0 && e->shape.ndim <= GLIA_MAX_DIMS;
    for (int k = 0; fits && k < e->shape.ndim; ++k) fits = e->shape.dim[k] >= 0;
    fits = fits && gli_safetensors_bytes(out->dtype, e->shape.ndim, e->shape.dim, &bytes);
    GLI_REQUIRE(ctx, fits && e->bytes == bytes, GLIA_SHAPE_MISMATCH,
                "%s: '%s' has %zu bytes, which are not those of its shape and dtype", call, e->name, e->bytes);
    GLI_REQUIRE(ctx, e->values || e->bytes == 0 || content->read, GLIA_INVALID_ARGUMENT, "%s: values of '%s' is NULL",
                call, e->name);
    return GLIA_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const placed *)a)->entry->name, ((const placed *)b)->entry->name);
}

/* So that each tensor's values are aligned to its elements. */
static int by_place(const void *a, const void *b) {
    const placed *x = a, *y = b;
    return x->dtype != y->dtype ? (x->dtype > y->dtype) - (x->dtype < y->dtype) : by_name(a, b);
}

static glia_status check_and_place(glia_context *ctx, const char *call, const gli_safetensors_content *content,
                                   placed *order) {
    const size_t count = (size_t)content->n_entries;
    for (int i = 0; i < content->n_entries; ++i) GLI_TRY(check_entry(ctx, call, content, i, &order[i]));
    if (count > 1) qsort(order, count, sizeof *order, by_name);
    for (size_t i = 1; i < count; ++i)
        GLI_REQUIRE(ctx, by_name(&order[i - 1], &order[i]) != 0, GLIA_INVALID_ARGUMENT, "%s: the name '%s' comes twice",
                    call, order[i].entry->name);
    if (count > 1) qsort(order, count, sizeof *order, by_place);
    return GLIA_OK;
}

static glia_status check_notes(glia_context *ctx, const char *call, const gli_safetensors_content *content) {
    GLI_REQUIRE(ctx, content->n_notes <= GLI_SAFETENSORS_MOST_NOTES, GLIA_INVALID_ARGUMENT,
                "%s: %d notes, a file has at most %d", call, content->n_notes, GLI_SAFETENSORS_MOST_NOTES);
    for (int i = 0; i < content->n_notes; ++i) {
        const char *key = content->notes[i].key;
        GLI_REQUIRE(ctx, is_text(key) && is_text(content->notes[i].value), GLIA_INVALID_ARGUMENT,
                    "%s: the key or value of note %d is NULL or not UTF-8", call, i);
        for (int k = 0; k < i; ++k)
            GLI_REQUIRE(ctx, strcmp(content->notes[k].key, key) != 0, GLIA_INVALID_ARGUMENT,
                        "%s: the key '%s' comes twice", call, key);
    }
    return GLIA_OK;
}

/* ---- The header ---- */

/* Where the header goes, once to count its bytes, which come first, and once to write them. */
typedef struct sink {
    gli_output *out; /* NULL: they are only counted */
    uint64_t bytes;
} sink;

static glia_status put_bytes(sink *s, const char *text, size_t bytes) {
    s->bytes += bytes;
    return s->out ? gli_output_write(s->out, text, bytes) : GLIA_OK;
}

static glia_status put(sink *s, const char *text) { return put_bytes(s, text, strlen(text)); }

static glia_status put_number(sink *s, uint64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return put(s, text);
}

static glia_status put_string(sink *s, const char *text) {
    GLI_TRY(put(s, "\""));
    for (const char *plain = text;; ++text) {
        char escape[8];
        const char *escaped = *text ? gli_json_escape(*text, escape) : "\"";
        if (!escaped) continue;
        GLI_TRY(put_bytes(s, plain, (size_t)(text - plain)));
        GLI_TRY(put(s, escaped));
        if (!*text) return GLIA_OK;
        plain = text + 1;
    }
}

static glia_status put_notes(sink *s, const gli_safetensors_content *content) {
    if (content->n_notes == 0) return GLIA_OK;
    GLI_TRY(put(s, "\"" GLI_SAFETENSORS_NOTES "\":{"));
    for (int i = 0; i < content->n_notes; ++i) {
        if (i > 0) GLI_TRY(put(s, ","));
        GLI_TRY(put_string(s, content->notes[i].key));
        GLI_TRY(put(s, ":"));
        GLI_TRY(put_string(s, content->notes[i].value));
    }
    return put(s, content->n_entries > 0 ? "}," : "}");
}

static glia_status put_entry(sink *s, const placed *p, uint64_t offset) {
    const glia_shape *shape = &p->entry->shape;
    GLI_TRY(put_string(s, p->entry->name));
    GLI_TRY(put(s, ":{\"dtype\":"));
    GLI_TRY(put_string(s, p->dtype->name));
    GLI_TRY(put(s, ",\"shape\":["));
    for (int i = 0; i < shape->ndim; ++i) {
        if (i > 0) GLI_TRY(put(s, ","));
        GLI_TRY(put_number(s, (uint64_t)shape->dim[i]));
    }
    GLI_TRY(put(s, "],\"data_offsets\":["));
    GLI_TRY(put_number(s, offset));
    GLI_TRY(put(s, ","));
    GLI_TRY(put_number(s, offset + p->entry->bytes));
    return put(s, "]}");
}

/* With spaces at its end, so that the values begin aligned. */
static glia_status put_header(sink *s, const gli_safetensors_content *content, const placed *order) {
    uint64_t offset = 0;
    GLI_TRY(put(s, "{"));
    GLI_TRY(put_notes(s, content));
    for (int i = 0; i < content->n_entries; offset += order[i++].entry->bytes) {
        if (i > 0) GLI_TRY(put(s, ","));
        GLI_TRY(put_entry(s, &order[i], offset));
    }
    GLI_TRY(put(s, "}"));
    while (s->bytes % GLI_SAFETENSORS_ALIGNMENT != 0) GLI_TRY(put(s, " "));
    return GLIA_OK;
}

/* ---- The file ---- */

static glia_status write_values(const gli_safetensors_content *content, const glia_safetensors_entry *entry,
                                gli_output *out, gli_block *staged) {
    const void *values = entry->values;
    if (!values && entry->bytes > 0) {
        if (staged->bytes < entry->bytes) {
            gli_block_free(out->ctx, staged);
            GLI_TRY(gli_block_alloc(out->ctx, entry->bytes, 1, "values that go into a file", staged));
        }
        GLI_TRY(content->read(content->user, entry, staged->data));
        values = staged->data;
    }
    return gli_output_write(out, values, entry->bytes);
}

static glia_status write_all(const gli_safetensors_content *content, const placed *order, gli_output *out) {
    sink counted = {0}, written = {.out = out};
    gli_block staged   = {0};
    glia_status status = GLIA_OK;
    GLI_TRY(put_header(&counted, content, order));
    GLI_REQUIRE(out->ctx, counted.bytes <= GLI_SAFETENSORS_MOST_HEADER, GLIA_INVALID_ARGUMENT,
                "%s: its header would have %llu bytes, allowed are %d", out->path, (unsigned long long)counted.bytes,
                GLI_SAFETENSORS_MOST_HEADER);
    GLI_TRY(gli_output_write(out, &counted.bytes, sizeof counted.bytes));
    GLI_TRY(put_header(&written, content, order));
    for (int i = 0; i < content->n_entries && status == GLIA_OK; ++i)
        status = write_values(content, order[i].entry, out, &staged);
    gli_block_free(out->ctx, &staged);
    return status;
}

static glia_status write_file(glia_context *ctx, const char *path, const gli_safetensors_content *content,
                              const placed *order) {
    gli_output out;
    GLI_TRY(gli_output_open(ctx, path, &out));
    const glia_status status = write_all(content, order, &out);
    if (status == GLIA_OK) return gli_output_commit(&out);
    gli_output_abandon(&out);
    return status;
}

glia_status gli_safetensors_write(glia_context *ctx, const char *call, const char *path,
                                  const gli_safetensors_content *content) {
    gli_block order;
    GLI_REQUIRE(ctx, path, GLIA_INVALID_ARGUMENT, "%s: path is NULL", call);
    GLI_REQUIRE(ctx, content->n_entries >= 0 && content->n_notes >= 0, GLIA_INVALID_ARGUMENT,
                "%s: n_entries is %d and n_notes %d, must not be negative", call, content->n_entries, content->n_notes);
    GLI_REQUIRE(ctx, content->entries || content->n_entries == 0, GLIA_INVALID_ARGUMENT, "%s: entries is NULL", call);
    GLI_REQUIRE(ctx, content->notes || content->n_notes == 0, GLIA_INVALID_ARGUMENT, "%s: notes is NULL", call);
    GLI_TRY(check_notes(ctx, call, content));
    GLI_TRY(gli_block_alloc(ctx, (size_t)content->n_entries, sizeof(placed), "the order of a file", &order));
    glia_status status = check_and_place(ctx, call, content, order.data);
    if (status == GLIA_OK) status = write_file(ctx, path, content, order.data);
    gli_block_free(ctx, &order);
    return status;
}

glia_status glia_safetensors_write(glia_context *ctx, const char *path, const glia_safetensors_entry *entries,
                                   int n_entries, const glia_safetensors_note *notes, int n_notes) {
    const gli_safetensors_content content = {
        .entries = entries, .n_entries = n_entries, .notes = notes, .n_notes = n_notes};
    GLI_TRY(gli_enter(ctx));
    const glia_status status = gli_safetensors_write(ctx, "glia_safetensors_write", path, &content);
    gli_leave(ctx);
    return status;
}
