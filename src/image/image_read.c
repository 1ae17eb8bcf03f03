/* Reading a picture of any format, and from memory to what was asked for. */
#include <inttypes.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "image/image.h"

/* ---- Formats ---- */

typedef struct format {
    const char *name;
    const char *magic; /* how its files begin */
    size_t at, bytes;  /* where that stands, and its size */
    glia_status (*read)(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                        gli_pixels *out); /* NULL: known, to be named in a message */
} format;

static const format formats[] = {
    {"PNG", "\x89PNG\r\n\x1a\n", 0, 8, gli_png_read},
    {"JPEG", "\xff\xd8\xff", 0, 3, gli_jpeg_read},
    {"PGM", "P2", 0, 2, gli_pnm_read},
    {"PPM", "P3", 0, 2, gli_pnm_read},
    {"PGM", "P5", 0, 2, gli_pnm_read},
    {"PPM", "P6", 0, 2, gli_pnm_read},
    {"BMP", "BM", 0, 2, gli_bmp_read},
    {"GIF", "GIF8", 0, 4, NULL},
    {"WebP", "WEBP", 8, 4, NULL},
    {"TIFF", "II*\0", 0, 4, NULL},
    {"TIFF", "MM\0*", 0, 4, NULL},
    {"HEIC or AVIF", "ftyp", 4, 4, NULL},
    {"PBM", "P1", 0, 2, NULL},
    {"PBM", "P4", 0, 2, NULL},
    {"PAM", "P7", 0, 2, NULL},
};

static const format *format_of(gli_bytes file) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i) {
        const format *f = &formats[i];
        if (f->at + f->bytes <= file.size && memcmp(file.data + f->at, f->magic, f->bytes) == 0) return f;
    }
    return NULL;
}

bool gli_image_is_known(gli_bytes first) {
    const format *f = format_of(first);
    return f && f->read;
}

/* ---- Requests ---- */

glia_status gli_image_request_init(gli_job *job, const glia_image_read_args *args, gli_image_request *out) {
    enum { PIXELS = 1 << 27, BYTES = 1 << 28 };
    *out                    = (gli_image_request){0};
    glia_image_read_args *a = &out->args;
    if (args) *a = *args;
    GLI_JOB_REQUIRE(job, a->channels >= 0 && a->channels <= 4, GLIA_INVALID_ARGUMENT,
                    "channels is %d, must be 1 to 4, or 0 for those of the file", a->channels);
    GLI_JOB_REQUIRE(job, a->bits == 0 || a->bits == 8 || a->bits == 16, GLIA_INVALID_ARGUMENT,
                    "bits is %d, must be 8 or 16, or 0 for those of the file", a->bits);
    GLI_JOB_REQUIRE(job, a->max_pixels >= 0, GLIA_INVALID_ARGUMENT, "max_pixels is %lld, must not be negative",
                    (long long)a->max_pixels);
    if (a->max_pixels == 0) a->max_pixels = PIXELS;
    if (a->max_bytes == 0) a->max_bytes = BYTES;
    return GLIA_OK;
}

glia_status gli_image_check(gli_job *job, const gli_image_request *request, const glia_image_info *info, int64_t most) {
    const long long height = (long long)info->height, width = (long long)info->width;
    GLI_JOB_REQUIRE(job, height >= 1 && width >= 1, GLIA_BAD_FORMAT, "its size is %lld x %lld pixels", height, width);
    const int64_t pixels = gli_saturating_mul(info->height, info->width);
    GLI_JOB_REQUIRE(job, pixels <= request->args.max_pixels, GLIA_BAD_FORMAT,
                    "its size is %lld x %lld, which is %lld pixels, allowed are %lld (max_pixels)", height, width,
                    (long long)pixels, (long long)request->args.max_pixels);
    GLI_JOB_REQUIRE(job, pixels <= most, GLIA_BAD_FORMAT,
                    "truncated: its size is %lld x %lld, which is %lld pixels, more than the %lld that the file can "
                    "hold",
                    height, width, (long long)pixels, (long long)most);
    return GLIA_OK;
}

/* ---- Decoding ---- */

static void turn_info(glia_image_info *info) {
    if (info->orientation < 5) return;
    const int64_t height = info->height;
    info->height         = info->width;
    info->width          = height;
}

static glia_status turn(gli_job *job, int orientation, gli_pixels *pixels) {
    gli_pixels turned;
    if (orientation == 1) return GLIA_OK;
    GLI_TRY(gli_pixels_orient(job, gli_whole(pixels), orientation, &turned));
    gli_pixels_free(job, pixels);
    *pixels = turned;
    return GLIA_OK;
}

glia_status gli_image_decode(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                             gli_pixels *out) {
    const glia_image_read_args *args = &request->args;
    const format *f                  = format_of(file);
    char first[4 * 3 + 1]            = "";
    for (size_t i = 0; i < 4 && i < file.size; ++i) snprintf(first + 3 * i, 4, " %02x", file.data[i]);
    GLI_JOB_REQUIRE(job, f, GLIA_BAD_FORMAT, "is no picture: %zu bytes that begin with%s", file.size, first);
    GLI_JOB_REQUIRE(job, f->read, GLIA_UNSUPPORTED, "is %s, which is not read: PNG, JPEG, PGM, PPM and BMP are",
                    f->name);
    *out               = (gli_pixels){0};
    *info              = (glia_image_info){.orientation = 1};
    glia_status status = f->read(job, request, file, info, out);
    if (!args->as_stored) turn_info(info);
    if (args->channels) info->channels = args->channels;
    if (args->bits) info->bits = args->bits;
    if (!request->header_only) {
        if (status == GLIA_OK) status = gli_pixels_convert(job, out, args->channels, args->bits);
        if (status == GLIA_OK && !args->as_stored) status = turn(job, info->orientation, out);
    }
    if (status != GLIA_OK) gli_pixels_free(job, out);
    return status;
}

/* ---- The public functions ---- */

static glia_status decode(gli_job *job, const void *data, size_t bytes, const glia_image_read_args *args,
                          glia_image **out) {
    gli_image_request request;
    gli_pixels pixels;
    glia_image_info info;
    GLI_JOB_REQUIRE(job, data && out, GLIA_INVALID_ARGUMENT, "%s is NULL", data ? "out" : "data");
    GLI_TRY(gli_image_request_init(job, args, &request));
    GLI_JOB_REQUIRE(job, bytes <= request.args.max_bytes, GLIA_BAD_FORMAT, "has %zu bytes, allowed are %zu (max_bytes)",
                    bytes, request.args.max_bytes);
    GLI_TRY(gli_image_decode(job, &request, (gli_bytes){data, bytes}, &info, &pixels));
    return gli_image_wrap(job, &pixels, &info, out);
}

glia_status glia_image_decode(glia_context *ctx, const void *data, size_t bytes, const glia_image_read_args *args,
                              glia_image **out) {
    GLI_TRY(gli_enter(ctx));
    gli_job job              = {.ctx = ctx};
    const glia_status status = gli_job_explain(&job, __func__, decode(&job, data, bytes, args, out));
    gli_leave(ctx);
    return status;
}

static glia_status read(gli_job *job, const char *path, const glia_image_read_args *args, bool header_only,
                        glia_image_info *info, gli_pixels *out) {
    gli_image_request request;
    gli_block file;
    GLI_TRY(gli_image_request_init(job, args, &request));
    request.header_only = header_only;
    job->name           = *path ? path : "a path of no characters";
    GLI_TRY(gli_job_read_file(job, path, request.args.max_bytes, &file));
    const glia_status status = gli_image_decode(job, &request, (gli_bytes){file.data, file.bytes}, info, out);
    gli_block_free(job->ctx, &file);
    return status;
}

static glia_status read_image(gli_job *job, const char *path, const glia_image_read_args *args, glia_image **out) {
    gli_pixels pixels;
    glia_image_info info;
    GLI_JOB_REQUIRE(job, path && out, GLIA_INVALID_ARGUMENT, "%s is NULL", path ? "out" : "path");
    GLI_TRY(read(job, path, args, false, &info, &pixels));
    return gli_image_wrap(job, &pixels, &info, out);
}

glia_status glia_image_read(glia_context *ctx, const char *path, const glia_image_read_args *args, glia_image **out) {
    GLI_TRY(gli_enter(ctx));
    gli_job job              = {.ctx = ctx};
    const glia_status status = gli_job_explain(&job, __func__, read_image(&job, path, args, out));
    gli_leave(ctx);
    return status;
}

static glia_status probe(gli_job *job, const char *path, const glia_image_read_args *args, glia_image_info *out) {
    gli_pixels none;
    glia_image_info info;
    GLI_JOB_REQUIRE(job, path && out, GLIA_INVALID_ARGUMENT, "%s is NULL", path ? "out" : "path");
    GLI_TRY(read(job, path, args, true, &info, &none));
    *out = info;
    return GLIA_OK;
}

glia_status glia_image_probe(glia_context *ctx, const char *path, const glia_image_read_args *args,
                             glia_image_info *out) {
    GLI_TRY(gli_enter(ctx));
    gli_job job              = {.ctx = ctx};
    const glia_status status = gli_job_explain(&job, __func__, probe(&job, path, args, out));
    gli_leave(ctx);
    return status;
}
