/* Pictures as objects: their life, and what is asked of them. */
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "image/image.h"

glia_status gli_pixels_alloc(gli_job *job, int64_t height, int64_t width, int channels, int bits, gli_pixels *out) {
    *out = (gli_pixels){.height = height, .width = width, .channels = channels, .bits = bits};
    size_t row;
    GLI_JOB_REQUIRE(job, gli_mul_size((size_t)width, gli_pixel_bytes(out), &row), GLIA_OUT_OF_MEMORY,
                    "out of memory: a picture of %lld x %lld", (long long)height, (long long)width);
    return gli_job_alloc(job, (size_t)height, row, "a picture", &out->memory);
}

void gli_pixels_free(const gli_job *job, gli_pixels *pixels) { gli_block_free(job->ctx, &pixels->memory); }

glia_status gli_image_wrap(gli_job *job, gli_pixels *pixels, const glia_image_info *info, glia_image **out) {
    gli_block memory;
    const glia_status status = gli_job_alloc(job, 1, sizeof **out, "a picture", &memory);
    if (status != GLIA_OK) return gli_pixels_free(job, pixels), status;
    *out                = memory.data;
    **out               = (glia_image){job->ctx, *pixels, info->format, info->orientation};
    pixels->memory.data = NULL;
    gli_context_retain(job->ctx);
    return GLIA_OK;
}

void glia_image_destroy(glia_image *image) {
    if (!image) return;
    glia_context *ctx = image->ctx;
    gli_block_free(ctx, &image->pixels.memory);
    gli_free(ctx, image, 1, sizeof *image);
    gli_context_release(ctx);
}

static glia_status create(gli_job *job, const glia_image_args *args, const void *pixels, glia_image **out) {
    GLI_JOB_REQUIRE(job, args && out, GLIA_INVALID_ARGUMENT, "%s is NULL", args ? "out" : "args");
    const int channels = args->channels ? args->channels : 3, bits = args->bits ? args->bits : 8;
    GLI_JOB_REQUIRE(job, args->height >= 1 && args->width >= 1, GLIA_INVALID_ARGUMENT,
                    "the size is %lld x %lld, must be positive", (long long)args->height, (long long)args->width);
    GLI_JOB_REQUIRE(job, channels >= 1 && channels <= 4 && (bits == 8 || bits == 16), GLIA_INVALID_ARGUMENT,
                    "%d channels of %d bits: must be 1 to 4 channels of 8 or 16", channels, bits);
    gli_pixels made;
    GLI_TRY(gli_pixels_alloc(job, args->height, args->width, channels, bits, &made));
    if (pixels)
        memcpy(made.memory.data, pixels, made.memory.bytes);
    else
        memset(made.memory.data, 0, made.memory.bytes);
    return gli_image_wrap(job, &made, &(glia_image_info){.orientation = 1}, out);
}

glia_status glia_image_create(glia_context *ctx, const glia_image_args *args, const void *pixels, glia_image **out) {
    GLI_TRY(gli_enter(ctx));
    gli_job job              = {.ctx = ctx};
    const glia_status status = gli_job_explain(&job, __func__, create(&job, args, pixels, out));
    gli_leave(ctx);
    return status;
}

glia_image_info glia_image_get_info(const glia_image *image) {
    if (!image) return (glia_image_info){0};
    const gli_pixels *p = &image->pixels;
    return (glia_image_info){p->height, p->width, p->channels, p->bits, image->format, image->orientation};
}

void *glia_image_pixels(const glia_image *image) { return image ? image->pixels.memory.data : NULL; }
