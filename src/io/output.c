#define _POSIX_C_SOURCE 200809L
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/input.h"

enum { SUFFIX = 32, ATTEMPTS = 100 };

/* Creates a file that did not exist, with the usual permissions. */
static int create(const char *path, char *temporary, size_t bytes) {
    int descriptor = -1;
    for (int i = 0; i < ATTEMPTS && descriptor < 0; ++i) {
        snprintf(temporary, bytes, "%s.%ld-%d.part", path, (long)getpid(), i);
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno != EEXIST) break;
    }
    return descriptor;
}

static void release(gli_output *out) {
    gli_block_free(out->ctx, &out->temporary);
    *out = (gli_output){0};
}

/* rename() would replace a device as well. It refuses to replace a folder. */
static glia_status check_replaceable(glia_context *ctx, const char *path) {
    struct stat info;
    GLI_REQUIRE(ctx, stat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode), GLIA_IO_ERROR,
                "%s: is a device or a pipe, not a file", path);
    return GLIA_OK;
}

glia_status gli_output_open(glia_context *ctx, const char *path, gli_output *out) {
    *out = (gli_output){.ctx = ctx, .path = path};
    GLI_TRY(check_replaceable(ctx, path));
    GLI_TRY(gli_block_alloc(ctx, strlen(path) + SUFFIX, 1, "the name of a temporary file", &out->temporary));
    const int descriptor = create(path, out->temporary.data, out->temporary.bytes);
    int error            = errno;
    out->file            = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (out->file) return GLIA_OK;
    if (descriptor >= 0) {
        error = errno;
        close(descriptor);
        unlink(out->temporary.data);
    }
    release(out);
    return gli_fail_file(ctx, path, error);
}

glia_status gli_output_write(gli_output *out, const void *from, size_t bytes) {
    if (bytes > 0 && fwrite(from, 1, bytes, out->file) != bytes) return gli_fail_file(out->ctx, out->path, errno);
    return GLIA_OK;
}

void gli_output_abandon(gli_output *out) {
    if (out->file) fclose(out->file);
    unlink(out->temporary.data);
    release(out);
}

/* A rename is durable when its folder has been flushed. Not every file system can flush folders. */
static void flush_folder(char *path) {
    char *slash = strrchr(path, '/');
    if (slash) slash[slash == path] = '\0';
    const int folder = open(slash ? path : ".", O_RDONLY | O_CLOEXEC);
    if (folder < 0) return;
    fsync(folder);
    close(folder);
}

/* Flushes and renames the file. Returns 0, or the errno of what failed. */
static int finish(gli_output *out) {
    FILE *file = out->file;
    if (fflush(file) != 0 || fsync(fileno(file)) != 0) return errno;
    out->file = NULL;
    if (fclose(file) != 0) return errno;
    return rename(out->temporary.data, out->path) == 0 ? 0 : errno;
}

glia_status gli_output_commit(gli_output *out) {
    glia_context *ctx = out->ctx;
    const char *path  = out->path;
    const int error   = finish(out);
    if (error != 0) {
        gli_output_abandon(out);
        return gli_fail_file(ctx, path, error);
    }
    flush_folder(out->temporary.data);
    release(out);
    return GLIA_OK;
}
