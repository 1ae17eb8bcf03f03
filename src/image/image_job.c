/* Work on pictures: its memory, its messages, its files. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "image/image.h"
#include "io/input.h"

glia_status gli_image_fail(gli_image_job *job, glia_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(job->message, sizeof job->message, format, args);
    va_end(args);
    return status;
}

glia_status gli_image_explain(const gli_image_job *job, const char *function, glia_status status) {
    if (status == GLIA_OK) return GLIA_OK;
    return gli_fail(job->ctx, status, "%s: %s", job->name ? job->name : function, job->message);
}

/* ---- Memory ---- */

glia_status gli_image_alloc(gli_image_job *job, size_t count, size_t size, const char *what, gli_block *out) {
    size_t bytes;
    gli_memory *memory = &job->ctx->memory;
    *out               = (gli_block){0};
    GLI_IMAGE_REQUIRE(job, gli_mul_size(count, size, &bytes), GLIA_OUT_OF_MEMORY,
                      "out of memory: %zu times %zu bytes for %s", count, size, what);
    GLI_IMAGE_REQUIRE(job, gli_block_try(memory, bytes, out), GLIA_OUT_OF_MEMORY,
                      "out of memory: %zu bytes for %s (the context holds %zu)", bytes, what,
                      gli_memory_allocated(memory));
    return GLIA_OK;
}

glia_status gli_pixels_alloc(gli_image_job *job, int64_t height, int64_t width, int channels, int bits,
                             gli_pixels *out) {
    *out = (gli_pixels){.height = height, .width = width, .channels = channels, .bits = bits};
    size_t row;
    GLI_IMAGE_REQUIRE(job, gli_mul_size((size_t)width, gli_pixel_bytes(out), &row), GLIA_OUT_OF_MEMORY,
                      "out of memory: a picture of %lld x %lld", (long long)height, (long long)width);
    return gli_image_alloc(job, (size_t)height, row, "a picture", &out->memory);
}

void gli_pixels_free(const gli_image_job *job, gli_pixels *pixels) { gli_block_free(job->ctx, &pixels->memory); }

/* ---- Files ---- */

static glia_status fail_errno(gli_image_job *job, int error) {
    char text[GLI_FILE_TEXT];
    const glia_status status = gli_file_status(error, text, sizeof text);
    return gli_image_fail(job, status, "%s", text);
}

static glia_status read_open(gli_image_job *job, FILE *file, size_t max_bytes, gli_block *out) {
    struct stat info;
    if (fstat(fileno(file), &info) != 0) return fail_errno(job, errno);
    const unsigned long long size = (unsigned long long)info.st_size;
    GLI_IMAGE_REQUIRE(job, size <= max_bytes, GLIA_BAD_FORMAT, "has %llu bytes, allowed are %zu (max_bytes)", size,
                      max_bytes);
    GLI_IMAGE_REQUIRE(job, size > 0, GLIA_BAD_FORMAT, "has no content");
    GLI_TRY(gli_image_alloc(job, (size_t)size, 1, "a file", out));
    const size_t got = fread(out->data, 1, out->bytes, file);
    if (got == out->bytes) return GLIA_OK;
    const int error = ferror(file) ? errno : 0;
    const glia_status status =
        error ? fail_errno(job, error)
              : gli_image_fail(job, GLIA_BAD_FORMAT, "ends after %zu of %zu bytes: it changes", got, out->bytes);
    gli_block_free(job->ctx, out);
    return status;
}

glia_status gli_image_read_file(gli_image_job *job, const char *path, size_t max_bytes, gli_block *out) {
    struct stat info;
    *out = (gli_block){0};
    if (stat(path, &info) != 0) return fail_errno(job, errno);
    const char *kind = gli_file_kind(&info); /* opening a pipe could wait for ever */
    GLI_IMAGE_REQUIRE(job, !kind, GLIA_IO_ERROR, "is %s, not a file", kind);
    FILE *file = fopen(path, "rb");
    if (!file) return fail_errno(job, errno);
    const glia_status status = read_open(job, file, max_bytes, out);
    fclose(file);
    return status;
}
