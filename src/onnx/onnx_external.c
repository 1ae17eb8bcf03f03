/* Weights in other files: plain ones in the model's folder or in folders below it. A file of somebody else's names
 * them: it must not be a way to read other files of this machine. So each part of the location is opened in the folder
 * before it, none is "." or "..", none a symbolic link, and the file itself has one name (no hard links). The model's
 * path is the caller's, who may use links in it. Cases that went wrong elsewhere: CVE-2022-25882 and CVE-2024-27318
 * (..), CVE-2026-34447 (a folder that is a symbolic link), CVE-2026-34446 (hard links). */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/input.h"
#include "onnx/onnx_file.h"

typedef struct place {
    const char *location;
    uint64_t offset, length;
    bool has_length;
} place;

static glia_status read_number(glia_context *ctx, const char *path, const Onnx__TensorProto *t, const char *key,
                               const char *text, uint64_t *out) {
    char *end;
    errno = 0;
    *out  = strtoull(text, &end, 10);
    GLI_REQUIRE(ctx, *text >= '0' && *text <= '9' && !*end && !errno, GLIA_BAD_FORMAT,
                "%s: tensor '%.64s': %s is '%.32s', must be a number", path, gli_onnx_text(t->name), key, text);
    return GLIA_OK;
}

static glia_status find_place(glia_context *ctx, const char *path, const Onnx__TensorProto *t, place *out) {
    *out = (place){0};
    for (size_t i = 0; i < t->n_external_data; ++i) {
        const char *key = gli_onnx_text(t->external_data[i]->key), *value = gli_onnx_text(t->external_data[i]->value);
        if (strcmp(key, "location") == 0) out->location = value;
        if (strcmp(key, "offset") == 0) GLI_TRY(read_number(ctx, path, t, key, value, &out->offset));
        if (strcmp(key, "length") == 0) {
            GLI_TRY(read_number(ctx, path, t, key, value, &out->length));
            out->has_length = true;
        }
    }
    GLI_REQUIRE(ctx, out->location, GLIA_BAD_FORMAT, "%s: tensor '%.64s' is in another file, and says not in which",
                path, gli_onnx_text(t->name));
    return GLIA_OK;
}

static glia_status refuse(glia_context *ctx, const char *path, const char *location, const char *why) {
    return gli_fail(ctx, GLIA_BAD_FORMAT,
                    "%s: weights in '%.200s', which is %s: only files in the model's folder and below are read", path,
                    location, why);
}

/* Of the file itself: what is wrong with it in the model's folder, in which the location is a path. */
static glia_status fail_file(glia_context *ctx, const char *path, const char *location, int error) {
    const char *slash   = strrchr(path, '/');
    const size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    char why[GLI_FILE_TEXT];
    gli_block whole;
    GLI_TRY(gli_block_alloc(ctx, folder + strlen(location) + 1, 1, "a path", &whole));
    memcpy(whole.data, path, folder);
    strcpy((char *)whole.data + folder, location);
    const glia_status status = gli_file_status(error, whole.data, why);
    gli_block_free(ctx, &whole);
    return gli_fail(ctx, status, "%s: weights in '%.200s' of its folder: %s", path, location, why);
}

/* The next part of a path goes to `part`; NULL: the last was before. */
static const char *next_part(const char *at, char part[NAME_MAX + 1]) {
    const size_t length = strcspn(at, "/");
    if (length > NAME_MAX) return NULL;
    memcpy(part, at, length);
    part[length] = '\0';
    return at + length;
}

/* Opens each folder of the location in the one before, none of which may be a link. Takes `folder`. */
static glia_status open_below(glia_context *ctx, const char *path, const char *location, int folder, int *out) {
    char part[NAME_MAX + 1];
    for (const char *at = location;;) {
        at              = next_part(at, part);
        const char *why = !at                                                   ? "a name that is too long"
                          : !*part || !strcmp(part, ".") || !strcmp(part, "..") ? "not a plain path from there"
                                                                                : NULL;
        if (why) return close(folder), refuse(ctx, path, location, why);
        const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (*at ? O_DIRECTORY : 0);
        const int file  = openat(folder, part, flags);
        const int error = errno;
        close(folder);
        if (file < 0 && (error == ELOOP || error == ENOTDIR)) return refuse(ctx, path, location, "or is in, a link");
        if (file < 0) return fail_file(ctx, path, location, error);
        if (!*at) return *out = file, GLIA_OK;
        folder = file;
        ++at;
    }
}

static glia_status open_folder(glia_context *ctx, const char *path, int *out) {
    const char *slash   = strrchr(path, '/');
    const size_t length = slash ? (size_t)(slash - path) + 1 : 1;
    gli_block text;
    GLI_TRY(gli_block_alloc(ctx, length + 1, 1, "a path", &text));
    memcpy(text.data, slash ? path : ".", length);
    ((char *)text.data)[length] = '\0';
    *out                        = open(text.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int error             = errno;
    gli_block_free(ctx, &text);
    return *out < 0 ? gli_fail_file(ctx, path, error) : GLIA_OK;
}

static glia_status check_file(glia_context *ctx, const char *path, const place *p, int file, size_t bytes) {
    struct stat info;
    if (fstat(file, &info) != 0) return fail_file(ctx, path, p->location, errno);
    const char *kind = gli_file_kind(&info);
    if (kind) return refuse(ctx, path, p->location, kind);
    if (info.st_nlink > 1) return refuse(ctx, path, p->location, "a file of several names (hard links)");
    const uint64_t size = (uint64_t)info.st_size;
    GLI_REQUIRE(ctx, !p->has_length || p->length == bytes, GLIA_BAD_FORMAT,
                "%s: '%.200s': a tensor of %zu bytes has %llu there", path, p->location, bytes,
                (unsigned long long)p->length);
    GLI_REQUIRE(ctx, p->offset <= size && bytes <= size - p->offset, GLIA_BAD_FORMAT,
                "%s: '%.200s' has %llu bytes, %zu at %llu are wanted", path, p->location, (unsigned long long)size,
                bytes, (unsigned long long)p->offset);
    return GLIA_OK;
}

glia_status gli_onnx_external_open(glia_context *ctx, const char *path, const Onnx__TensorProto *from, size_t bytes,
                                   gli_onnx_external *out) {
    place p;
    int folder;
    GLI_TRY(find_place(ctx, path, from, &p));
    GLI_TRY(open_folder(ctx, path, &folder));
    GLI_TRY(open_below(ctx, path, p.location, folder, &out->file));
    out->path                = path;
    out->location            = p.location;
    out->offset              = p.offset;
    const glia_status status = check_file(ctx, path, &p, out->file, bytes);
    if (status != GLIA_OK) close(out->file);
    return status;
}

glia_status gli_onnx_external_read(glia_context *ctx, const gli_onnx_external *from, void *to, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        const ssize_t got = pread(from->file, (char *)to + done, bytes - done, (off_t)(from->offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_file(ctx, from->path, from->location, errno);
        GLI_REQUIRE(ctx, got > 0, GLIA_IO_ERROR, "%s: weights in '%.200s' became fewer while they were read",
                    from->path, from->location);
        done += (size_t)got;
    }
    return GLIA_OK;
}

void gli_onnx_external_close(gli_onnx_external *from) { close(from->file); }
