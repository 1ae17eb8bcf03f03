/* Files of NPY and NPZ, read as a whole. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/print.h"
#include "core/utf8.h"
#include "io/input.h"
#include "io/npy.h"
#include "io/zip.h"

enum { WHERE = 400, NAMES = 200 };

typedef struct item {
    gli_block name, member, values; /* member: what was unpacked; values: what was converted */
    glia_npy_array array;
} item;

struct glia_npy {
    glia_context *ctx;
    gli_block path; /* as the caller gave it */
    gli_block file;
    int count, capacity;
    item *items;
};

/* An array from its bytes, which live as long as the file. */
static glia_status decode(const gli_named_bytes *in, item *out) {
    gli_npy_header header;
    GLI_TRY(gli_npy_read_header(in, &header));
    GLI_TRY(gli_npy_convert(in, &header, &out->values));
    out->array.dtype  = header.type->dtype;
    out->array.shape  = header.shape;
    out->array.values = out->values.data ? out->values.data : header.count > 0 ? in->data + header.bytes : NULL;
    out->array.bytes  = (size_t)header.count * glia_dtype_size(header.type->dtype);
    return GLIA_OK;
}

static glia_status add_item(glia_npy *file, const char *name, size_t bytes, item **out) {
    GLI_TRY(gli_grow(file->ctx, &file->items, &file->capacity, file->count + 1, sizeof(item), "the arrays of a file"));
    item *made = &file->items[file->count];
    GLI_TRY(gli_block_alloc(file->ctx, bytes + 1, 1, "the name of an array", &made->name));
    ++file->count;
    char *text = made->name.data;
    memcpy(text, name, bytes);
    text[bytes]      = '\0';
    made->array.name = text;
    *out             = made;
    return GLIA_OK;
}

/* ---- NPZ ---- */

/* The bytes of the array's name; 0: the member is no array. */
static size_t array_name(const gli_zip_member *member) {
    static const char end[] = ".npy";
    const size_t length     = sizeof end - 1;
    const bool ends =
        member->name_bytes >= length && memcmp(member->name + member->name_bytes - length, end, length) == 0;
    return ends ? member->name_bytes - length : 0;
}

static glia_status read_member(glia_npy *file, const char *path, const gli_zip *zip, const gli_zip_member *member,
                               size_t name_bytes) {
    char where[WHERE];
    item *made;
    snprintf(where, sizeof where, "%.300s: '%.*s'", path, (int)(name_bytes < 64 ? name_bytes : 64), member->name);
    GLI_REQUIRE(file->ctx, gli_utf8_valid(member->name, name_bytes) && !memchr(member->name, 0, name_bytes),
                GLIA_BAD_FORMAT, "%s: the name of %zu bytes of array %d is not UTF-8", path, name_bytes, file->count);
    GLI_TRY(add_item(file, member->name, name_bytes, &made));
    GLI_TRY(gli_zip_unpack(zip, member, where, &made->member));
    const gli_named_bytes bytes = {file->ctx, where, made->member.data, made->member.bytes};
    return decode(&bytes, made);
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static glia_status check_names(const glia_npy *file, const char *path) {
    gli_block block;
    GLI_TRY(gli_block_alloc(file->ctx, (size_t)file->count, sizeof(char *), "the names of arrays", &block));
    const char **names = block.data, *twice = NULL;
    for (int i = 0; i < file->count; ++i) names[i] = file->items[i].array.name;
    if (file->count > 1) qsort(names, (size_t)file->count, sizeof *names, by_name);
    for (int i = 1; i < file->count && !twice; ++i)
        if (strcmp(names[i - 1], names[i]) == 0) twice = names[i];
    gli_block_free(file->ctx, &block);
    GLI_REQUIRE(file->ctx, !twice, GLIA_BAD_FORMAT, "%s: has two arrays with the name '%.64s'", path, twice);
    return GLIA_OK;
}

static glia_status read_archive(glia_npy *file, const gli_named_bytes *in, uint64_t max_bytes) {
    gli_zip zip;
    gli_zip_member member;
    uint64_t total = 0;
    GLI_TRY(gli_zip_open(in, &zip));
    GLI_REQUIRE(file->ctx, zip.left < INT_MAX, GLIA_UNSUPPORTED, "%s: has %llu members, allowed are %d", in->where,
                (unsigned long long)zip.left, INT_MAX);
    while (zip.left > 0) {
        GLI_TRY(gli_zip_next(&zip, &member));
        const size_t name = array_name(&member);
        if (name == 0) continue;
        GLI_REQUIRE(file->ctx, member.size <= max_bytes - total, GLIA_BAD_FORMAT,
                    "%s: '%.*s' has %llu bytes after %llu of other arrays, allowed are %llu (max_bytes)", in->where,
                    (int)(name < 64 ? name : 64), member.name, (unsigned long long)member.size,
                    (unsigned long long)total, (unsigned long long)max_bytes);
        total += member.size;
        GLI_TRY(read_member(file, in->where, &zip, &member, name));
    }
    return check_names(file, in->where);
}

/* ---- Both ---- */

static glia_status read_file(glia_npy *file, const char *path, uint64_t max_bytes) {
    item *made;
    GLI_TRY(gli_input_whole(file->ctx, path, max_bytes, &file->file));
    const gli_named_bytes in = {file->ctx, path, file->file.data, file->file.bytes};
    if (!gli_zip_is(in.data, in.size)) {
        GLI_TRY(add_item(file, "", 0, &made));
        return decode(&in, made);
    }
    GLI_TRY(read_archive(file, &in, max_bytes));
    gli_block_free(file->ctx, &file->file); /* all members were copied */
    return GLIA_OK;
}

static glia_status read_new(glia_context *ctx, const char *path, const glia_npy_args *args, glia_npy **out) {
    void *memory;
    GLI_REQUIRE(ctx, path && out, GLIA_INVALID_ARGUMENT, "glia_npy_read: %s is NULL", path ? "out" : "path");
    GLI_TRY(gli_new(ctx, 1, sizeof(glia_npy), "a file of arrays", &memory));
    glia_npy *file = memory;
    file->ctx      = ctx;
    gli_context_retain(ctx);
    glia_status status = gli_block_alloc(ctx, strlen(path) + 1, 1, "a file of arrays", &file->path);
    if (status == GLIA_OK) strcpy(file->path.data, path);
    if (status == GLIA_OK)
        status = read_file(file, path, args && args->max_bytes ? args->max_bytes : UINT64_C(1) << 32);
    if (status != GLIA_OK) return glia_npy_destroy(file), status;
    *out = file;
    return GLIA_OK;
}

glia_status glia_npy_read(glia_context *ctx, const char *path, const glia_npy_args *args, glia_npy **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = read_new(ctx, path, args, out);
    gli_leave(ctx);
    return status;
}

void glia_npy_destroy(glia_npy *file) {
    if (!file) return;
    glia_context *ctx = file->ctx;
    for (int i = 0; i < file->capacity; ++i) {
        gli_block_free(ctx, &file->items[i].name);
        gli_block_free(ctx, &file->items[i].member);
        gli_block_free(ctx, &file->items[i].values);
    }
    gli_free(ctx, file->items, (size_t)file->capacity, sizeof(item));
    gli_block_free(ctx, &file->path);
    gli_block_free(ctx, &file->file);
    gli_free(ctx, file, 1, sizeof *file);
    gli_context_release(ctx);
}

int glia_npy_count(const glia_npy *file) { return file ? file->count : 0; }

int glia_npy_find(const glia_npy *file, const char *name) {
    for (int i = 0; i < glia_npy_count(file) && name; ++i)
        if (strcmp(file->items[i].array.name, name) == 0) return i;
    return -1;
}

static const char *name_at(const void *of, int i) {
    const glia_npy *file = of;
    return i < file->count ? file->items[i].array.name : NULL;
}

static glia_status get(const glia_npy *file, int index, glia_npy_array *out) {
    char names[NAMES];
    GLI_REQUIRE(file->ctx, out, GLIA_INVALID_ARGUMENT, "glia_npy_get: out is NULL");
    GLI_REQUIRE(file->ctx, index >= 0 && index < file->count, GLIA_INVALID_ARGUMENT,
                "%.200s: index is %d, it has %d arrays: %s", (const char *)file->path.data, index, file->count,
                gli_join_names(name_at, file, names, sizeof names));
    *out = file->items[index].array;
    return GLIA_OK;
}

glia_status glia_npy_get(const glia_npy *file, int index, glia_npy_array *out) {
    GLI_REQUIRE_OBJECT(file);
    GLI_TRY(gli_enter(file->ctx));
    const glia_status status = get(file, index, out);
    gli_leave(file->ctx);
    return status;
}

static glia_status get_named(const glia_npy *file, const char *name, glia_npy_array *out) {
    char names[NAMES];
    GLI_REQUIRE(file->ctx, name, GLIA_INVALID_ARGUMENT, "glia_npy_get_named: name is NULL");
    const int index = glia_npy_find(file, name);
    GLI_REQUIRE(file->ctx, index >= 0, GLIA_NOT_FOUND, "%.200s: has no array '%.64s', but %s",
                (const char *)file->path.data, name,
                file->count > 0 ? gli_join_names(name_at, file, names, sizeof names) : "none at all");
    return get(file, index, out);
}

glia_status glia_npy_get_named(const glia_npy *file, const char *name, glia_npy_array *out) {
    GLI_REQUIRE_OBJECT(file);
    GLI_TRY(gli_enter(file->ctx));
    const glia_status status = get_named(file, name, out);
    gli_leave(file->ctx);
    return status;
}
