/* Pixels as the numbers that networks read, and back. */
#include <math.h>

#include "core/context_impl.h"
#include "image/image.h"

static double full_of(int bits) { return bits == 16 ? UINT16_MAX : UINT8_MAX; }

gli_pixel_scale gli_pixel_scale_of(int bits, const double *mean, const double *std) {
    gli_pixel_scale s;
    for (int c = 0; c < 4; ++c) {
        const double divisor = std && std[c] != 0 ? std[c] : 1;
        s.scale[c]           = 1 / full_of(bits) / divisor;
        s.offset[c]          = -(mean ? mean[c] : 0) / divisor;
    }
    return s;
}

/* Channel by channel, which writes in a row; of 8 bits each value once. */
void gli_pixels_to_f32(const gli_pixels *from, const gli_pixel_scale *scale, float *to) {
    const int n          = from->channels;
    const int64_t pixels = from->height * from->width;
    for (int c = 0; c < n; ++c) {
        const double a = scale->scale[c], b = scale->offset[c];
        if (from->bits == 16) {
            const uint16_t *x = (const uint16_t *)from->memory.data + c;
            for (int64_t i = 0; i < pixels; ++i) *to++ = (float)(x[i * n] * a + b);
        } else {
            const uint8_t *x = (const uint8_t *)from->memory.data + c;
            float table[UINT8_MAX + 1];
            for (int v = 0; v <= UINT8_MAX; ++v) table[v] = (float)(v * a + b);
            for (int64_t i = 0; i < pixels; ++i) *to++ = table[x[i * n]];
        }
    }
}

/* mean and std have as many numbers as there are channels. */
static glia_status take_scale(gli_job *job, int channels, const double *mean, const double *std, double *means,
                              double *stds) {
    for (int c = 0; c < 4; ++c) {
        means[c] = mean && c < channels ? mean[c] : 0;
        stds[c]  = std && c < channels ? std[c] : 1;
        GLI_JOB_REQUIRE(job, isfinite(means[c]) && isfinite(stds[c]) && stds[c] != 0, GLIA_INVALID_ARGUMENT,
                        "mean[%d] is %g, std[%d] is %g: must be finite, and std not 0", c, means[c], c, stds[c]);
    }
    return GLIA_OK;
}

static glia_status to_f32(gli_job *job, const gli_pixels *from, const double *mean, const double *std, float *out,
                          size_t bytes) {
    const size_t needed = from->memory.bytes / (size_t)(from->bits / 8) * sizeof *out;
    double means[4], stds[4];
    GLI_JOB_REQUIRE(job, out, GLIA_INVALID_ARGUMENT, "out is NULL");
    GLI_JOB_REQUIRE(job, bytes == needed, GLIA_SHAPE_MISMATCH, "out has %zu bytes, [%d,%lld,%lld] of f32 has %zu",
                    bytes, from->channels, (long long)from->height, (long long)from->width, needed);
    GLI_TRY(take_scale(job, from->channels, mean, std, means, stds));
    const gli_pixel_scale scale = gli_pixel_scale_of(from->bits, means, stds);
    gli_pixels_to_f32(from, &scale, out);
    return GLIA_OK;
}

glia_status glia_image_to_f32(const glia_image *image, const double *mean, const double *std, float *out,
                              size_t bytes) {
    GLI_REQUIRE_OBJECT(image);
    GLI_TRY(gli_enter(image->ctx));
    gli_job job              = {.ctx = image->ctx};
    const glia_status status = gli_job_explain(&job, __func__, to_f32(&job, &image->pixels, mean, std, out, bytes));
    gli_leave(image->ctx);
    return status;
}

static void fill(gli_pixels *to, const float *values, const double *means, const double *stds) {
    const double full    = full_of(to->bits);
    const int64_t pixels = to->height * to->width;
    for (int c = 0; c < to->channels; ++c)
        for (int64_t i = 0; i < pixels; ++i) {
            const double x = *values++ * stds[c] + means[c], y = x > 0 ? floor(fmin(x, 1) * full + 0.5) : 0;
            if (to->bits == 16)
                ((uint16_t *)to->memory.data)[i * to->channels + c] = (uint16_t)y;
            else
                ((uint8_t *)to->memory.data)[i * to->channels + c] = (uint8_t)y;
        }
}

glia_status glia_image_from_f32(glia_context *ctx, const glia_image_args *args, const float *values, const double *mean,
                                const double *std, glia_image **out) {
    GLI_TRY(gli_enter(ctx));
    gli_job job = {.ctx = ctx};
    double means[4], stds[4];
    const char *missing = !args ? "args" : !values ? "values" : !out ? "out" : NULL;
    glia_status status  = GLIA_OK;
    if (missing)
        status = gli_job_fail(&job, GLIA_INVALID_ARGUMENT, "%s is NULL", missing);
    else if (args->channels < 1 || args->channels > 4)
        status = gli_job_fail(&job, GLIA_INVALID_ARGUMENT, "channels is %d, must be 1 to 4", args->channels);
    else
        status = take_scale(&job, args->channels, mean, std, means, stds);
    status = gli_job_explain(&job, __func__, status);
    if (status == GLIA_OK) status = glia_image_create(ctx, args, NULL, out);
    if (status == GLIA_OK) fill(&(*out)->pixels, values, means, stds);
    gli_leave(ctx);
    return status;
}
