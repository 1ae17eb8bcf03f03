#define _POSIX_C_SOURCE 200809L
#include "io/input.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* What the path goes through, and is no folder. */
static void explain_no_folder(const char *path, char text[GLI_FILE_TEXT]) {
    char part[PATH_MAX];
    struct stat info;
    for (size_t n = strcspn(path, "/"); n < sizeof part && path[n]; n += 1 + strcspn(path + n + 1, "/")) {
        memcpy(part, path, n);
        part[n] = '\0';
        if (n == 0 || stat(part, &info) != 0 || S_ISDIR(info.st_mode)) continue;
        const char *slash = strrchr(part, '/');
        snprintf(text, GLI_FILE_TEXT, "'%.100s' in the path is a file, not a folder", slash ? slash + 1 : part);
        return;
    }
    snprintf(text, GLI_FILE_TEXT, "a part of the path is no folder");
}

glia_status gli_file_status(int error, const char *path, char text[GLI_FILE_TEXT]) {
    struct stat info;
    if (error == ENOENT && lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
        snprintf(text, GLI_FILE_TEXT, "is a symbolic link to nothing");
        return GLIA_NOT_FOUND;
    }
    if (error == ENOTDIR && stat(path, &info) == 0) {
        snprintf(text, GLI_FILE_TEXT, "is a file, not a folder");
        return GLIA_IO_ERROR;
    }
    if (error == ENOTDIR) return explain_no_folder(path, text), GLIA_NOT_FOUND;
    if (strerror_r(error, text, GLI_FILE_TEXT) != 0) snprintf(text, GLI_FILE_TEXT, "error %d", error);
    return error == ENOENT ? GLIA_NOT_FOUND : error == ENOMEM ? GLIA_OUT_OF_MEMORY : GLIA_IO_ERROR;
}

glia_status gli_fail_file(glia_context *ctx, const char *path, int error) {
    char text[GLI_FILE_TEXT];
    const glia_status status = gli_file_status(error, path, text);
    return gli_fail(ctx, status, "%s: %s", *path ? path : "a path of no characters", text);
}

glia_status gli_check_folder(glia_context *ctx, const char *path, const struct stat *info) {
    return S_ISDIR(info->st_mode) ? GLIA_OK : gli_fail_file(ctx, path, ENOTDIR);
}

const char *gli_file_kind(const struct stat *info) {
    return S_ISREG(info->st_mode) ? NULL : S_ISDIR(info->st_mode) ? "a folder" : "a device or a pipe";
}

/* Opening a pipe could block, renaming a file over a device would replace it, and a folder has no content. */
glia_status gli_check_regular(glia_context *ctx, const char *path, const struct stat *info) {
    const char *kind = gli_file_kind(info);
    return kind ? gli_fail(ctx, GLIA_IO_ERROR, "%s: is %s, not a file", path, kind) : GLIA_OK;
}

static glia_status inspect(gli_input *in) {
    struct stat info;
    unsigned char first[2];
    if (fstat(fileno(in->file), &info) != 0) return gli_fail_file(in->ctx, in->path, errno);
    GLI_TRY(gli_check_regular(in->ctx, in->path, &info));
    in->size           = (uint64_t)info.st_size;
    const bool gzipped = fread(first, 1, 2, in->file) == 2 && first[0] == 0x1f && first[1] == 0x8b;
    if (ferror(in->file) || fseek(in->file, 0, SEEK_SET) != 0) return gli_fail_file(in->ctx, in->path, errno);
    return gzipped ? gli_gzip_open(in, &in->gzip) : GLIA_OK;
}

glia_status gli_input_open(glia_context *ctx, const char *path, gli_input *out) {
    struct stat info;
    if (stat(path, &info) != 0) return gli_fail_file(ctx, path, errno);
    GLI_TRY(gli_check_regular(ctx, path, &info));
    *out = (gli_input){.ctx = ctx, .path = path, .file = fopen(path, "rb")};
    if (!out->file) return gli_fail_file(ctx, path, errno);
    const glia_status status = inspect(out);
    if (status != GLIA_OK) gli_input_close(out);
    return status;
}

void gli_input_close(gli_input *in) {
    gli_gzip_close(in->ctx, in->gzip);
    if (in->file) fclose(in->file);
    *in = (gli_input){0};
}

glia_status gli_input_some(gli_input *in, void *to, size_t bytes, size_t *got) {
    *got = 0;
    if (bytes == 0) return GLIA_OK;
    if (in->gzip) {
        GLI_TRY(gli_gzip_read(in, to, bytes, got));
    } else {
        *got = fread(to, 1, bytes, in->file);
        if (*got < bytes && ferror(in->file)) return gli_fail_file(in->ctx, in->path, errno);
    }
    in->used += *got;
    return GLIA_OK;
}

glia_status gli_input_read(gli_input *in, void *to, size_t bytes, const char *what) {
    size_t got;
    GLI_TRY(gli_input_some(in, to, bytes, &got));
    GLI_REQUIRE(in->ctx, got == bytes, GLIA_BAD_FORMAT, "%s: truncated: ends %llu bytes into %s, which has %zu",
                in->path, (unsigned long long)got, what, bytes);
    return GLIA_OK;
}

glia_status gli_input_expect(const gli_input *in, uint64_t bytes, uint64_t max_bytes) {
    if (!in->gzip) {
        const uint64_t left = in->size > in->used ? in->size - in->used : 0;
        GLI_REQUIRE(in->ctx, bytes == left, GLIA_BAD_FORMAT,
                    "%s: its header announces %llu bytes of content, but %llu follow", in->path,
                    (unsigned long long)bytes, (unsigned long long)left);
        return GLIA_OK;
    }
    /* Deflate stores at most 258 bytes in two bits. */
    enum { MAX_RATIO = 1032 };
    GLI_REQUIRE(in->ctx, bytes / MAX_RATIO <= in->size, GLIA_BAD_FORMAT,
                "%s: its header announces %llu bytes of content, more than %llu gzipped bytes can hold", in->path,
                (unsigned long long)bytes, (unsigned long long)in->size);
    GLI_REQUIRE(in->ctx, bytes <= max_bytes, GLIA_BAD_FORMAT,
                "%s: its header announces %llu bytes of content, allowed are %llu (max_bytes)", in->path,
                (unsigned long long)bytes, (unsigned long long)max_bytes);
    return GLIA_OK;
}

glia_status gli_input_end(gli_input *in) {
    char more;
    size_t got;
    const unsigned long long used = in->used;
    GLI_TRY(gli_input_some(in, &more, 1, &got));
    GLI_REQUIRE(in->ctx, got == 0, GLIA_BAD_FORMAT, "%s: goes on after its content of %llu bytes", in->path, used);
    return GLIA_OK;
}

static glia_status count_unpacked(gli_input *in, uint64_t max_bytes) {
    char chunk[1 << 14];
    size_t got;
    do {
        GLI_TRY(gli_input_some(in, chunk, sizeof chunk, &got));
        GLI_REQUIRE(in->ctx, in->used <= max_bytes, GLIA_BAD_FORMAT,
                    "%s: unpacks to more than %llu bytes, the limit (max_bytes)", in->path,
                    (unsigned long long)max_bytes);
    } while (got == sizeof chunk);
    return GLIA_OK;
}

glia_status gli_input_measure(glia_context *ctx, const char *path, uint64_t max_bytes, uint64_t *bytes) {
    gli_input in;
    GLI_TRY(gli_input_open(ctx, path, &in));
    const glia_status status = in.gzip ? count_unpacked(&in, max_bytes) : GLIA_OK;
    *bytes                   = in.gzip ? in.used : in.size;
    gli_input_close(&in);
    return status;
}

static glia_status read_whole(gli_input *in, uint64_t bytes, gli_block *out) {
    GLI_TRY(gli_block_alloc(in->ctx, (size_t)bytes, 1, in->path, out));
    glia_status status = gli_input_read(in, out->data, (size_t)bytes, "the file");
    if (status == GLIA_OK) status = gli_input_end(in);
    if (status != GLIA_OK) gli_block_free(in->ctx, out);
    return status;
}

glia_status gli_input_whole(glia_context *ctx, const char *path, uint64_t max_bytes, gli_block *out) {
    uint64_t bytes;
    gli_input in;
    GLI_TRY(gli_input_measure(ctx, path, max_bytes, &bytes));
    GLI_REQUIRE(ctx, bytes <= max_bytes, GLIA_BAD_FORMAT, "%s: has %llu bytes, allowed are %llu (max_bytes)", path,
                (unsigned long long)bytes, (unsigned long long)max_bytes);
    GLI_TRY(gli_input_open(ctx, path, &in));
    const glia_status status = read_whole(&in, bytes, out);
    gli_input_close(&in);
    return status;
}
