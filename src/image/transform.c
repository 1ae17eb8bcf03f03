/* The public functions that make a picture of another. */
#include "core/context_impl.h"
#include "image/image.h"

/* What one of them does. */
typedef struct transform {
    const char *function;
    int64_t height, width;
    glia_image_filter filter;
    glia_image_box box;
    int channels, bits, axis, orientation;
    glia_status (*run)(gli_job *job, const struct transform *t, const gli_pixels *from, gli_pixels *out);
} transform;

static glia_status check_size(gli_job *job, int64_t height, int64_t width) {
    GLI_JOB_REQUIRE(job, height >= 1 && height <= INT32_MAX && width >= 1 && width <= INT32_MAX, GLIA_INVALID_ARGUMENT,
                    "the size is %lld x %lld, must be 1 to %d each", (long long)height, (long long)width, INT32_MAX);
    return GLIA_OK;
}

static glia_status apply(const glia_image *image, const transform *t, glia_image **out) {
    gli_job job     = {.ctx = image->ctx};
    gli_pixels made = {0};
    glia_status status =
        out ? t->run(&job, t, &image->pixels, &made) : gli_job_fail(&job, GLIA_INVALID_ARGUMENT, "out is NULL");
    const glia_image_info info = {.format = image->format, .orientation = image->orientation};
    if (status == GLIA_OK) status = gli_image_wrap(&job, &made, &info, out);
    return gli_job_explain(&job, t->function, status);
}

static glia_status enter_and_apply(const glia_image *image, const transform *t, glia_image **out) {
    GLI_TRY(gli_enter(image->ctx));
    const glia_status status = apply(image, t, out);
    gli_leave(image->ctx);
    return status;
}

/* ---- Convert ---- */

static glia_status run_convert(gli_job *job, const transform *t, const gli_pixels *from, gli_pixels *out) {
    GLI_JOB_REQUIRE(job, t->channels >= 0 && t->channels <= 4 && (t->bits == 0 || t->bits == 8 || t->bits == 16),
                    GLIA_INVALID_ARGUMENT, "%d channels of %d bits: must be 0 to 4 channels of 0, 8 or 16", t->channels,
                    t->bits);
    GLI_TRY(gli_pixels_orient(job, gli_whole(from), 1, out));
    const glia_status status = gli_pixels_convert(job, out, t->channels, t->bits);
    if (status != GLIA_OK) gli_pixels_free(job, out);
    return status;
}

glia_status glia_image_convert(const glia_image *image, int channels, int bits, glia_image **out) {
    GLI_REQUIRE_OBJECT(image);
    return enter_and_apply(
        image, &(transform){.function = __func__, .channels = channels, .bits = bits, .run = run_convert}, out);
}

/* ---- Resize ---- */

static glia_status run_resize(gli_job *job, const transform *t, const gli_pixels *from, gli_pixels *out) {
    GLI_JOB_REQUIRE(job, t->filter >= GLIA_IMAGE_BILINEAR && t->filter <= GLIA_IMAGE_NEAREST, GLIA_INVALID_ARGUMENT,
                    "invalid filter %d", (int)t->filter);
    GLI_TRY(check_size(job, t->height, t->width));
    return gli_pixels_resize(job, gli_whole(from), t->height, t->width, t->filter, out);
}

glia_status glia_image_resize(const glia_image *image, int64_t height, int64_t width, glia_image_filter filter,
                              glia_image **out) {
    GLI_REQUIRE_OBJECT(image);
    return enter_and_apply(
        image,
        &(transform){.function = __func__, .height = height, .width = width, .filter = filter, .run = run_resize}, out);
}

/* ---- Crop ---- */

static glia_status run_crop(gli_job *job, const transform *t, const gli_pixels *from, gli_pixels *out) {
    const glia_image_box b = t->box;
    const bool inside      = b.height >= 1 && b.width >= 1 && b.top >= 0 && b.left >= 0 && b.height <= from->height &&
                        b.width <= from->width && b.top <= from->height - b.height && b.left <= from->width - b.width;
    GLI_JOB_REQUIRE(job, inside, GLIA_INVALID_ARGUMENT,
                    "the part is %lld x %lld from [%lld,%lld], the picture is %lld x %lld", (long long)b.height,
                    (long long)b.width, (long long)b.top, (long long)b.left, (long long)from->height,
                    (long long)from->width);
    return gli_pixels_orient(job, (gli_pixel_view){from, b}, 1, out);
}

glia_status glia_image_crop(const glia_image *image, glia_image_box box, glia_image **out) {
    GLI_REQUIRE_OBJECT(image);
    return enter_and_apply(image, &(transform){.function = __func__, .box = box, .run = run_crop}, out);
}

static glia_status run_center_crop(gli_job *job, const transform *t, const gli_pixels *from, gli_pixels *out) {
    GLI_JOB_REQUIRE(job, t->height >= 1 && t->width >= 1 && t->height <= from->height && t->width <= from->width,
                    GLIA_INVALID_ARGUMENT, "the part is %lld x %lld, the picture is %lld x %lld", (long long)t->height,
                    (long long)t->width, (long long)from->height, (long long)from->width);
    const glia_image_box box = {(from->height - t->height) / 2, (from->width - t->width) / 2, t->height, t->width};
    return gli_pixels_orient(job, (gli_pixel_view){from, box}, 1, out);
}

glia_status glia_image_center_crop(const glia_image *image, int64_t height, int64_t width, glia_image **out) {
    GLI_REQUIRE_OBJECT(image);
    return enter_and_apply(
        image, &(transform){.function = __func__, .height = height, .width = width, .run = run_center_crop}, out);
}

/* ---- Flip ---- */

static glia_status run_flip(gli_job *job, const transform *t, const gli_pixels *from, gli_pixels *out) {
    GLI_JOB_REQUIRE(job, t->orientation, GLIA_INVALID_ARGUMENT, "invalid axis %d", t->axis);
    return gli_pixels_orient(job, gli_whole(from), t->orientation, out);
}

glia_status glia_image_flip(const glia_image *image, glia_image_axis axis, glia_image **out) {
    GLI_REQUIRE_OBJECT(image);
    const int orientation = axis == GLIA_IMAGE_LEFT_RIGHT ? 2 : axis == GLIA_IMAGE_TOP_BOTTOM ? 4 : 0;
    return enter_and_apply(
        image, &(transform){.function = __func__, .axis = (int)axis, .orientation = orientation, .run = run_flip}, out);
}
