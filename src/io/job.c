#define _POSIX_C_SOURCE 200809L
#include "io/job.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "core/print.h"
#include "core/size.h"
#include "core/utf8.h"
#include "io/input.h"

glia_status gli_job_fail(gli_job *job, glia_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    gli_format_list(job->message, sizeof job->message, format, args);
    va_end(args);
    return status;
}

glia_status gli_job_explain(const gli_job *job, const char *function, glia_status status) {
    if (status == GLIA_OK) return GLIA_OK;
    return gli_fail(job->ctx, status, "%s: %s", job->name ? job->name : function, job->message);
}

void gli_job_explain_sample(const gli_job *job, char *message, size_t bytes) {
    enum { MOST = 180 };
    const size_t reason = gli_utf8_whole(job->message, gli_min_size(strlen(job->message), MOST));
    const size_t length = strlen(job->name), room = bytes - 1 - reason - 2;
    const bool whole = length <= room;
    const char *name = whole ? job->name : job->name + length - (room - 3);
    while (!whole && (*name & 0xc0) == 0x80) ++name; /* the rest of a character */
    snprintf(message, bytes, "%s%s: %.*s", whole ? "" : "...", name, (int)reason, job->message);
}

/* ---- Memory ---- */

glia_status gli_job_alloc(gli_job *job, size_t count, size_t size, const char *what, gli_block *out) {
    size_t bytes;
    gli_memory *memory = &job->ctx->memory;
    *out               = (gli_block){0};
    GLI_JOB_REQUIRE(job, gli_mul_size(count, size, &bytes), GLIA_OUT_OF_MEMORY,
                    "out of memory: %zu times %zu bytes for %s", count, size, what);
    GLI_JOB_REQUIRE(job, gli_block_try(memory, bytes, out), GLIA_OUT_OF_MEMORY,
                    "out of memory: %zu bytes for %s (the context holds %zu)", bytes, what,
                    gli_memory_allocated(memory));
    return GLIA_OK;
}

/* ---- Files ---- */

glia_status gli_job_fail_errno(gli_job *job, const char *path, int error) {
    char text[GLI_FILE_TEXT];
    const glia_status status = gli_file_status(error, path, text);
    return gli_job_fail(job, status, "%s", text);
}

static glia_status check_size(gli_job *job, const char *path, FILE *file, size_t max_bytes, size_t *bytes) {
    struct stat info;
    if (fstat(fileno(file), &info) != 0) return gli_job_fail_errno(job, path, errno);
    const unsigned long long size = (unsigned long long)info.st_size;
    GLI_JOB_REQUIRE(job, size <= max_bytes, GLIA_BAD_FORMAT, "has %llu bytes, allowed are %zu (max_bytes)", size,
                    max_bytes);
    GLI_JOB_REQUIRE(job, size > 0, GLIA_BAD_FORMAT, "has no content");
    *bytes = (size_t)size;
    return GLIA_OK;
}

glia_status gli_job_open_file(gli_job *job, const char *path, size_t max_bytes, FILE **out, size_t *bytes) {
    struct stat info;
    if (stat(path, &info) != 0) return gli_job_fail_errno(job, path, errno);
    const char *kind = gli_file_kind(&info); /* opening a pipe could wait for ever */
    GLI_JOB_REQUIRE(job, !kind, GLIA_IO_ERROR, "is %s, not a file", kind);
    FILE *file = fopen(path, "rb");
    if (!file) return gli_job_fail_errno(job, path, errno);
    const glia_status status = check_size(job, path, file, max_bytes, bytes);
    if (status == GLIA_OK)
        *out = file;
    else
        fclose(file);
    return status;
}

static glia_status read_open(gli_job *job, const char *path, FILE *file, size_t size, gli_block *out) {
    GLI_TRY(gli_job_alloc(job, size, 1, "a file", out));
    const size_t got = fread(out->data, 1, out->bytes, file);
    if (got == out->bytes) return GLIA_OK;
    const int error = ferror(file) ? errno : 0;
    const glia_status status =
        error ? gli_job_fail_errno(job, path, error)
              : gli_job_fail(job, GLIA_BAD_FORMAT, "ends after %zu of %zu bytes: it changes", got, out->bytes);
    gli_block_free(job->ctx, out);
    return status;
}

glia_status gli_job_read_file(gli_job *job, const char *path, size_t max_bytes, gli_block *out) {
    FILE *file;
    size_t size;
    *out = (gli_block){0};
    GLI_TRY(gli_job_open_file(job, path, max_bytes, &file, &size));
    const glia_status status = read_open(job, path, file, size, out);
    fclose(file);
    return status;
}
