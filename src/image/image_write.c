/* Writing a picture in the format that the path's ending says. */
#include "image/image_write.h"

#include <string.h>
#include <strings.h>

typedef struct ending {
    const char *text;
    bool pnm, grey, colour; /* which pictures it takes, and whether it has no alpha */
    glia_status (*write)(gli_job *job, const gli_pixels *pixels, gli_output *out);
} ending;

static const ending endings[] = {
    {".png", false, true, true, gli_png_write},
    {".pgm", true, true, false, gli_pnm_write},
    {".ppm", true, false, true, gli_pnm_write},
    {".pnm", true, true, true, gli_pnm_write},
};

static glia_status choose(gli_job *job, const gli_pixels *pixels, const char *path, const ending **out) {
    const char *dot = strrchr(path, '.');
    *out            = NULL;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i)
        if (dot && strcasecmp(dot, endings[i].text) == 0) *out = &endings[i];
    const ending *e = *out;
    GLI_JOB_REQUIRE(job, e, GLIA_INVALID_ARGUMENT, "%s%s%s, must end with .png, .pgm, .ppm or .pnm",
                    dot ? "ends with '" : "has no ending", dot ? dot : "", dot ? "'" : "");
    const bool alpha = pixels->channels == 2 || pixels->channels == 4, grey = pixels->channels <= 2;
    GLI_JOB_REQUIRE(job, !(e->pnm && alpha) && (grey ? e->grey : e->colour), GLIA_INVALID_ARGUMENT,
                    "the picture has %d channels, %s takes %s", pixels->channels, e->text,
                    e->grey && e->colour ? "1 or 3"
                    : e->grey            ? "1"
                                         : "3");
    return GLIA_OK;
}

/* The channels' bytes with the high one first. */
static void to_big_endian(const gli_pixels *pixels, int64_t y, unsigned char *to) {
    const uint16_t *from = gli_pixels_row(pixels, y);
    for (int64_t i = 0; i < pixels->width * pixels->channels; ++i) {
        *to++ = (unsigned char)(from[i] >> 8);
        *to++ = (unsigned char)from[i];
    }
}

glia_status gli_pnm_write(gli_job *job, const gli_pixels *pixels, gli_output *out) {
    char header[80];
    gli_block row = {0};
    const int n =
        snprintf(header, sizeof header, "P%d\n%lld %lld\n%d\n", pixels->channels == 1 ? 5 : 6, (long long)pixels->width,
                 (long long)pixels->height, pixels->bits == 16 ? UINT16_MAX : UINT8_MAX);
    GLI_TRY(gli_output_write(out, header, (size_t)n));
    if (pixels->bits == 8) return gli_output_write(out, pixels->memory.data, pixels->memory.bytes);
    GLI_TRY(gli_job_alloc(job, gli_row_bytes(pixels), 1, "a row of a picture", &row));
    glia_status status = GLIA_OK;
    for (int64_t y = 0; y < pixels->height && status == GLIA_OK; ++y) {
        to_big_endian(pixels, y, row.data);
        status = gli_output_write(out, row.data, row.bytes);
    }
    gli_block_free(job->ctx, &row);
    return status;
}

static glia_status write(const glia_image *image, const char *path) {
    gli_job job = {.ctx = image->ctx, .name = path};
    const ending *e;
    gli_output out;
    GLI_REQUIRE(image->ctx, path, GLIA_INVALID_ARGUMENT, "glia_image_write: path is NULL");
    GLI_REQUIRE(image->ctx, *path, GLIA_INVALID_ARGUMENT,
                "glia_image_write: path is empty, must end with .png, .pgm, .ppm or .pnm");
    GLI_TRY(gli_job_explain(&job, path, choose(&job, &image->pixels, path, &e)));
    GLI_TRY(gli_output_open(image->ctx, path, &out));
    const glia_status status = e->write(&job, &image->pixels, &out);
    if (status == GLIA_OK) return gli_output_commit(&out);
    gli_output_abandon(&out);
    return *job.message ? gli_job_explain(&job, path, status) : status;
}

glia_status glia_image_write(const glia_image *image, const char *path) {
    GLI_REQUIRE_OBJECT(image);
    GLI_TRY(gli_enter(image->ctx));
    const glia_status status = write(image, path);
    gli_leave(image->ctx);
    return status;
}
