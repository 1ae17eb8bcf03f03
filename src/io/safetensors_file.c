/* A safetensors file that is open: mapped, with its header in memory. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/size.h"
#include "io/input.h"
#include "io/safetensors.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian, and so are the values here");

enum { LENGTH = GLI_SAFETENSORS_LENGTH, MOST_HEADER = GLI_SAFETENSORS_MOST_HEADER };

struct glia_safetensors {
    glia_context *ctx;
    char *path;
    int descriptor;
    uint64_t size;
    void *map; /* of the whole file */
    gli_safetensors_header header;
};

/* Reads from the file, not the map: one that has become shorter is an error and not a signal. */
static glia_status read_at(const glia_safetensors *file, uint64_t offset, void *to, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        const ssize_t got = pread(file->descriptor, (char *)to + done, bytes - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return gli_fail_file(file->ctx, file->path, errno);
        GLI_REQUIRE(file->ctx, got > 0, GLIA_IO_ERROR, "%s: has become shorter since it was opened", file->path);
        done += (size_t)got;
    }
    return GLIA_OK;
}

/* Opening must not wait, as it would for a pipe. */
static glia_status open_file(glia_safetensors *file) {
    struct stat info;
    file->descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->descriptor < 0 || fstat(file->descriptor, &info) != 0) return gli_fail_file(file->ctx, file->path, errno);
    GLI_TRY(gli_check_regular(file->ctx, file->path, &info));
    file->size = (uint64_t)info.st_size;
    return GLIA_OK;
}

static glia_status read_header(glia_safetensors *file) {
    glia_context *ctx = file->ctx;
    uint64_t length;
    GLI_REQUIRE(ctx, file->size >= LENGTH, GLIA_BAD_FORMAT, "%s: has %llu bytes, too few for the length of a header",
                file->path, (unsigned long long)file->size);
    GLI_TRY(read_at(file, 0, &length, sizeof length));
    GLI_REQUIRE(ctx, length <= MOST_HEADER && length <= file->size - LENGTH, GLIA_BAD_FORMAT,
                "%s: its header has %llu bytes, allowed are %d, and %llu follow", file->path,
                (unsigned long long)length, MOST_HEADER, (unsigned long long)(file->size - LENGTH));
    GLI_TRY(gli_block_alloc(ctx, length, 1, "the header of a file", &file->header.text));
    GLI_TRY(read_at(file, LENGTH, file->header.text.data, length));
    return gli_safetensors_parse(ctx, file->path, file->size - LENGTH - length, &file->header);
}

static glia_status open_and_map(glia_safetensors *file) {
    GLI_TRY(open_file(file));
    GLI_TRY(read_header(file));
    void *map = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, file->descriptor, 0);
    if (map == MAP_FAILED) return gli_fail_file(file->ctx, file->path, errno);
    file->map = map;
    return GLIA_OK;
}

static glia_status open_path(glia_context *ctx, const char *path, glia_safetensors **out) {
    GLI_REQUIRE(ctx, path && out, GLIA_INVALID_ARGUMENT, "glia_safetensors_open: %s is NULL", path ? "out" : "path");
    const size_t bytes = strlen(path) + 1;
    void *memory;
    GLI_TRY(gli_new(ctx, 1, sizeof(glia_safetensors) + bytes, "a file", &memory));
    glia_safetensors *file = memory;
    *file                  = (glia_safetensors){.ctx = ctx, .path = memcpy(file + 1, path, bytes), .descriptor = -1};
    gli_context_retain(ctx);
    const glia_status status = open_and_map(file);
    if (status == GLIA_OK)
        *out = file;
    else
        glia_safetensors_close(file);
    return status;
}

glia_status glia_safetensors_open(glia_context *ctx, const char *path, glia_safetensors **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = open_path(ctx, path, out);
    gli_leave(ctx);
    return status;
}

void glia_safetensors_close(glia_safetensors *file) {
    if (!file) return;
    glia_context *ctx = file->ctx;
    if (file->map) munmap(file->map, file->size);
    if (file->descriptor >= 0) close(file->descriptor);
    gli_safetensors_header_free(ctx, &file->header);
    gli_free(ctx, file, 1, sizeof *file + strlen(file->path) + 1);
    gli_context_release(ctx);
}

int glia_safetensors_count(const glia_safetensors *file) { return file ? file->header.n_tensors : 0; }

int glia_safetensors_note_count(const glia_safetensors *file) { return file ? file->header.n_notes : 0; }

static int by_name(const void *name, const void *tensor) {
    return strcmp(name, ((const gli_safetensors_tensor *)tensor)->name);
}

int glia_safetensors_find(const glia_safetensors *file, const char *name) {
    const int count = glia_safetensors_count(file);
    if (!name || count == 0) return -1;
    const gli_safetensors_tensor *tensors = file->header.tensors.data;
    const gli_safetensors_tensor *found   = bsearch(name, tensors, (size_t)count, sizeof *tensors, by_name);
    return found ? (int)(found - tensors) : -1;
}

static int by_key(const void *key, const void *note) { return strcmp(key, ((const glia_safetensors_note *)note)->key); }

const char *glia_safetensors_find_note(const glia_safetensors *file, const char *key) {
    const int count = glia_safetensors_note_count(file);
    if (!key || count == 0) return NULL;
    const glia_safetensors_note *notes = file->header.notes;
    const glia_safetensors_note *found = bsearch(key, notes, (size_t)count, sizeof *notes, by_key);
    return found ? found->value : NULL;
}

/* Where the values begin in the file. */
static uint64_t first_value(const glia_safetensors *file) { return LENGTH + file->header.text.bytes; }

static glia_status check_index(const glia_safetensors *file, const char *call, int index, int count) {
    GLI_REQUIRE(file->ctx, index >= 0 && index < count, GLIA_INVALID_ARGUMENT, "%s: index is %d, %s has %d", call,
                index, file->path, count);
    return GLIA_OK;
}

static glia_status get(const glia_safetensors *file, int index, glia_safetensors_entry *out) {
    const char *call = "glia_safetensors_get";
    GLI_TRY(check_index(file, call, index, file->header.n_tensors));
    GLI_REQUIRE(file->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", call);
    const gli_safetensors_tensor *tensor = (gli_safetensors_tensor *)file->header.tensors.data + index;
    *out                                 = (glia_safetensors_entry){.name       = tensor->name,
                                                                    .dtype      = tensor->dtype->dtype,
                                                                    .shape.ndim = tensor->ndim,
                                                                    .values     = (char *)file->map + first_value(file) + tensor->begin,
                                                                    .bytes      = tensor->end - tensor->begin};
    memcpy(out->shape.dim, tensor->dim, sizeof out->shape.dim);
    return GLIA_OK;
}

glia_status glia_safetensors_get(const glia_safetensors *file, int index, glia_safetensors_entry *out) {
    GLI_REQUIRE_OBJECT(file);
    GLI_TRY(gli_enter(file->ctx));
    const glia_status status = get(file, index, out);
    gli_leave(file->ctx);
    return status;
}

static glia_status get_note(const glia_safetensors *file, int index, glia_safetensors_note *out) {
    const char *call = "glia_safetensors_get_note";
    GLI_TRY(check_index(file, call, index, file->header.n_notes));
    GLI_REQUIRE(file->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", call);
    *out = file->header.notes[index];
    return GLIA_OK;
}

glia_status glia_safetensors_get_note(const glia_safetensors *file, int index, glia_safetensors_note *out) {
    GLI_REQUIRE_OBJECT(file);
    GLI_TRY(gli_enter(file->ctx));
    const glia_status status = get_note(file, index, out);
    gli_leave(file->ctx);
    return status;
}

static glia_status read_values(const glia_safetensors *file, int index, void *values, size_t bytes) {
    const char *call = "glia_safetensors_read";
    GLI_TRY(check_index(file, call, index, file->header.n_tensors));
    const gli_safetensors_tensor *tensor = (gli_safetensors_tensor *)file->header.tensors.data + index;
    const size_t needed                  = tensor->end - tensor->begin;
    GLI_REQUIRE(file->ctx, values, GLIA_INVALID_ARGUMENT, "%s: values for '%s' is NULL", call, tensor->name);
    GLI_REQUIRE(file->ctx, bytes == needed, GLIA_SHAPE_MISMATCH, "%s: %zu bytes, '%s' has %zu", call, bytes,
                tensor->name, needed);
    return read_at(file, first_value(file) + tensor->begin, values, bytes);
}

glia_status glia_safetensors_read(const glia_safetensors *file, int index, void *values, size_t bytes) {
    GLI_REQUIRE_OBJECT(file);
    GLI_TRY(gli_enter(file->ctx));
    const glia_status status = read_values(file, index, values, bytes);
    gli_leave(file->ctx);
    return status;
}
