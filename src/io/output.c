#define _XOPEN_SOURCE 700 /* realpath */
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/input.h"

enum { SUFFIX = 32, ATTEMPTS = 100 };

/* Somebody who looked for files that were left may have deleted it before it was locked. Where a file system has no
 * locks, nothing that was left is deleted. */
static bool lock(int descriptor) {
    struct stat info;
    flock(descriptor, LOCK_EX);
    return fstat(descriptor, &info) != 0 || info.st_nlink > 0;
}

/* Creates a file that did not exist, with the usual permissions. */
static int create(const char *path, char *temporary, size_t bytes) {
    int descriptor = -1;
    for (int i = 0; i < ATTEMPTS && descriptor < 0; ++i) {
        snprintf(temporary, bytes, "%s.%ld-%d" GLI_OUTPUT_SUFFIX, path, (long)getpid(), i);
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno != EEXIST) break;
        if (descriptor >= 0 && !lock(descriptor)) close(descriptor), descriptor = -1;
    }
    return descriptor;
}

static void release(gli_output *out) {
    gli_block_free(out->ctx, &out->target);
    gli_block_free(out->ctx, &out->temporary);
    gli_quiet_signals_end(&out->quiet);
    *out = (gli_output){0};
}

/* rename() would replace devices and files that are read-only. */
static glia_status check_replaceable(glia_context *ctx, const char *path, const struct stat *old) {
    const bool writable = old->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH);
    GLI_TRY(gli_check_regular(ctx, path, old));
    const int error   = access(path, W_OK) == 0 ? 0 : errno;
    const bool denied = error == EACCES || error == EROFS;
    GLI_REQUIRE(ctx, writable && !denied, GLIA_IO_ERROR, "%s: is read-only", path);
    return error ? gli_fail_file(ctx, path, error) : GLIA_OK;
}

/* Finds the file behind symbolic links; *exists: it is there, and *old is about it. */
static glia_status find_target(gli_output *out, bool *exists, struct stat *old) {
    char found[PATH_MAX];
    *exists = realpath(out->path, found) != NULL;
    if (*exists) {
        if (stat(found, old) != 0) return gli_fail_file(out->ctx, out->path, errno);
        GLI_TRY(check_replaceable(out->ctx, out->path, old));
    } else {
        if (errno != ENOENT) return gli_fail_file(out->ctx, out->path, errno);
        GLI_REQUIRE(out->ctx, lstat(out->path, old) != 0, GLIA_NOT_FOUND, "%s: is a symbolic link to nothing",
                    out->path);
    }
    const char *target = *exists ? found : out->path;
    const size_t bytes = strlen(target) + 1;
    GLI_TRY(gli_block_alloc(out->ctx, bytes, 1, "the name of a file", &out->target));
    memcpy(out->target.data, target, bytes);
    return GLIA_OK;
}

/* The owner as well where that is allowed: who could read the old file can read the new one. */
static bool keep_permissions(int descriptor, const struct stat *old) {
    if (fchown(descriptor, old->st_uid, old->st_gid) != 0 && errno != EPERM) return false;
    return fchmod(descriptor, old->st_mode & (S_IRWXU | S_IRWXG | S_IRWXO)) == 0;
}

static glia_status open_temporary(gli_output *out) {
    bool exists;
    struct stat old;
    GLI_TRY(find_target(out, &exists, &old));
    GLI_TRY(gli_block_alloc(out->ctx, out->target.bytes + SUFFIX, 1, "the name of a file", &out->temporary));
    const int descriptor = create(out->target.data, out->temporary.data, out->temporary.bytes);
    if (descriptor < 0) return gli_fail_file(out->ctx, out->path, errno);
    if (!exists || keep_permissions(descriptor, &old)) out->file = fdopen(descriptor, "wb");
    if (out->file) return GLIA_OK;
    const int error = errno;
    close(descriptor);
    unlink(out->temporary.data);
    return gli_fail_file(out->ctx, out->path, error);
}

glia_status gli_output_open(glia_context *ctx, const char *path, gli_output *out) {
    *out                     = (gli_output){.ctx = ctx, .path = path, .quiet = gli_quiet_signals_begin()};
    const glia_status status = open_temporary(out);
    if (status != GLIA_OK) release(out);
    return status;
}

glia_status gli_output_write(gli_output *out, const void *from, size_t bytes) {
    const int error = bytes > 0 && fwrite(from, 1, bytes, out->file) != bytes ? errno : 0;
    return error ? gli_fail_file(out->ctx, out->path, error) : GLIA_OK;
}

bool gli_output_was_left(const char *path) {
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) return false;
    const bool free = flock(file, LOCK_EX | LOCK_NB) == 0;
    close(file);
    return free;
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

/* Flushes and renames the file. Returns 0, or the errno of what failed. The file is closed last: until then it is
 * locked, and nobody takes it for one that was left. */
static int finish(gli_output *out) {
    FILE *file = out->file;
    if (fflush(file) != 0 || fsync(fileno(file)) != 0) return errno;
    if (rename(out->temporary.data, out->target.data) != 0) return errno;
    out->file = NULL;
    fclose(file);
    return 0;
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
