/* Pictures in another size: nearest, and the two filters that Pillow calls BILINEAR and BOX. For 8 bits every step is
 * Pillow's (columns first, sums in whole numbers with weights of 22 bits, 8 bits in between), so that the results are
 * its to the last bit. 16 bits are summed in double.
 * Source: Pillow 12, src/libImaging/Resample.c, whose method this is. */
#include <math.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "cpu/native/vectorize.h"
#include "image/image.h"

enum { PRECISION = 32 - 8 - 2, ONE = 1 << PRECISION, HALF = 1 << (PRECISION - 1) };

/* For each pixel of a side: from where on it sums how many, with which weights. */
typedef struct weights {
    int64_t size, most; /* pixels, and the most that one sums */
    gli_block first, count, exact, fixed;
} weights;

static void free_weights(const gli_job *job, weights *w) {
    gli_block_free(job->ctx, &w->first);
    gli_block_free(job->ctx, &w->count);
    gli_block_free(job->ctx, &w->exact);
    gli_block_free(job->ctx, &w->fixed);
}

static double weight_at(glia_image_filter filter, double x) {
    if (filter == GLIA_IMAGE_AREA) return x > -0.5 && x <= 0.5 ? 1 : 0;
    return fabs(x) < 1 ? 1 - fabs(x) : 0;
}

/* Those of output pixel i: they add up to 1. */
static void weigh(weights *w, glia_image_filter filter, int64_t from, int64_t i) {
    const double scale = (double)from / (double)w->size, wide = scale < 1 ? 1 : scale;
    const double support = (filter == GLIA_IMAGE_AREA ? 0.5 : 1) * wide, center = ((double)i + 0.5) * scale;
    const double narrow = 1 / wide;
    double *exact = (double *)w->exact.data + i * w->most, sum = 0;
    int32_t *fixed      = (int32_t *)w->fixed.data + i * w->most;
    const int64_t first = (int64_t)fmax(center - support + 0.5, 0);
    const int64_t count = gli_min_i64((int64_t)(center + support + 0.5), from) - first;
    for (int64_t k = 0; k < count; ++k) {
        exact[k] = weight_at(filter, ((double)(k + first) - center + 0.5) * narrow);
        sum += exact[k];
    }
    for (int64_t k = 0; k < count; ++k) {
        if (sum != 0) exact[k] /= sum;
        fixed[k] = (int32_t)(0.5 + exact[k] * ONE);
    }
    ((int64_t *)w->first.data)[i] = first;
    ((int64_t *)w->count.data)[i] = count;
}

static glia_status make_weights(gli_job *job, glia_image_filter filter, int64_t from, int64_t to, weights *out) {
    const double scale = (double)from / (double)to, wide = scale < 1 ? 1 : scale;
    const char *what = "the weights of a resized picture";
    *out = (weights){.size = to, .most = 2 * (int64_t)ceil((filter == GLIA_IMAGE_AREA ? 0.5 : 1) * wide) + 1};
    size_t all;
    GLI_JOB_REQUIRE(job, gli_mul_size((size_t)to, (size_t)out->most, &all), GLIA_OUT_OF_MEMORY,
                    "out of memory: a side of %lld pixels out of %lld", (long long)to, (long long)from);
    GLI_TRY(gli_job_alloc(job, (size_t)to, sizeof(int64_t), what, &out->first));
    GLI_TRY(gli_job_alloc(job, (size_t)to, sizeof(int64_t), what, &out->count));
    GLI_TRY(gli_job_alloc(job, all, sizeof(double), what, &out->exact));
    GLI_TRY(gli_job_alloc(job, all, sizeof(int32_t), what, &out->fixed));
    for (int64_t i = 0; i < to; ++i) weigh(out, filter, from, i);
    return GLIA_OK;
}

GLI_INLINE uint8_t rounded(int32_t sum) {
    const int32_t x = sum >> PRECISION;
    return (uint8_t)(x > UINT8_MAX ? UINT8_MAX : x);
}

/* ---- Rows get another length ---- */

enum { LANES = 8 }; /* rows that are summed side by side: lane r of value i is that of row r */
typedef int32_t lanes __attribute__((vector_size(LANES * sizeof(int32_t))));

GLI_CLONES static void spread_rows(const uint8_t *from, size_t row_bytes, int rows, int64_t values, int32_t *to) {
    for (int r = 0; r < rows; ++r)
        for (int64_t i = 0; i < values; ++i) to[i * LANES + r] = from[(size_t)r * row_bytes + (size_t)i];
}

GLI_CLONES static void squeeze_rows_8(const weights *w, int channels, const lanes *from, int rows, uint8_t *to,
                                      size_t row_bytes) {
    const int64_t *first = w->first.data, *count = w->count.data;
    for (int64_t i = 0; i < w->size; ++i) {
        const int32_t *weight = (const int32_t *)w->fixed.data + i * w->most;
        for (int c = 0; c < channels; ++c) {
            const lanes *value = from + first[i] * channels + c;
            lanes sum          = (lanes){0} + HALF;
            for (int64_t k = 0; k < count[i]; ++k) sum += value[k * channels] * weight[k];
            sum >>= PRECISION;
            sum |= sum > UINT8_MAX; /* all bits, of which a byte has 255 */
            int32_t made[LANES];
            memcpy(made, &sum, sizeof made);
            for (int r = 0; r < rows; ++r) to[(size_t)r * row_bytes + (size_t)(i * channels + c)] = (uint8_t)made[r];
        }
    }
}

/* The rows of a part that begins at `from`. memory: for lanes of each value in a row of it. */
static void squeeze_all_8(const weights *w, const uint8_t *from, size_t row_bytes, int64_t width, void *memory,
                          gli_pixels *out) {
    for (int64_t y = 0; y < out->height; y += LANES) {
        const int rows = (int)gli_min_i64(LANES, out->height - y);
        spread_rows(from + (size_t)y * row_bytes, row_bytes, rows, width * out->channels, memory);
        squeeze_rows_8(w, out->channels, memory, rows, gli_pixels_row(out, y), gli_row_bytes(out));
    }
}

static void squeeze_row_16(const weights *w, int channels, const uint16_t *from, uint16_t *to) {
    const int64_t *first = w->first.data, *count = w->count.data;
    for (int64_t i = 0; i < w->size; ++i, to += channels)
        for (int c = 0; c < channels; ++c) {
            const double *weight  = (const double *)w->exact.data + i * w->most;
            const uint16_t *pixel = from + first[i] * channels + c;
            double sum            = 0.5;
            for (int64_t k = 0; k < count[i]; ++k) sum += pixel[k * channels] * weight[k];
            to[c] = (uint16_t)fmin(sum, UINT16_MAX);
        }
}

/* ---- Columns get another length ---- */

GLI_CLONES static void sum_rows_8(const weights *w, const gli_pixels *from, int64_t i, int32_t *sum, uint8_t *to) {
    const int64_t first = ((const int64_t *)w->first.data)[i], count = ((const int64_t *)w->count.data)[i];
    const int32_t *weight = (const int32_t *)w->fixed.data + i * w->most;
    const int64_t n       = from->width * from->channels;
    for (int64_t x = 0; x < n; ++x) sum[x] = HALF;
    for (int64_t k = 0; k < count; ++k) {
        const uint8_t *row = gli_pixels_row(from, first + k);
        for (int64_t x = 0; x < n; ++x) sum[x] += row[x] * weight[k];
    }
    for (int64_t x = 0; x < n; ++x) to[x] = rounded(sum[x]);
}

static void sum_rows_16(const weights *w, const gli_pixels *from, int64_t i, double *sum, uint16_t *to) {
    const int64_t first = ((const int64_t *)w->first.data)[i], count = ((const int64_t *)w->count.data)[i];
    const double *weight = (const double *)w->exact.data + i * w->most;
    const int64_t n      = from->width * from->channels;
    for (int64_t x = 0; x < n; ++x) sum[x] = 0.5;
    for (int64_t k = 0; k < count; ++k) {
        const uint16_t *row = gli_pixels_row(from, first + k);
        for (int64_t x = 0; x < n; ++x) sum[x] += row[x] * weight[k];
    }
    for (int64_t x = 0; x < n; ++x) to[x] = (uint16_t)fmin(sum[x], UINT16_MAX);
}

/* ---- Both ---- */

static glia_status squeeze_rows(gli_job *job, gli_pixel_view from, int64_t width, glia_image_filter filter,
                                gli_pixels *out) {
    const gli_pixels *p    = from.of;
    const size_t row_bytes = gli_row_bytes(p);
    const unsigned char *part =
        (const unsigned char *)gli_pixels_row(p, from.box.top) + (size_t)from.box.left * gli_pixel_bytes(p);
    weights w        = {0};
    gli_block memory = {0};
    GLI_TRY(gli_pixels_alloc(job, from.box.height, width, p->channels, p->bits, out));
    glia_status status = make_weights(job, filter, from.box.width, width, &w);
    if (status == GLIA_OK && p->bits == 8)
        status = gli_job_alloc(job, (size_t)from.box.width, (size_t)p->channels * sizeof(lanes), "rows of a picture",
                               &memory);
    if (status == GLIA_OK && p->bits == 8) {
        memset(memory.data, 0, memory.bytes);
        squeeze_all_8(&w, part, row_bytes, from.box.width, memory.data, out);
    }
    for (int64_t y = 0; y < out->height && status == GLIA_OK && p->bits == 16; ++y)
        squeeze_row_16(&w, p->channels, (const uint16_t *)(const void *)(part + (size_t)y * row_bytes),
                       gli_pixels_row(out, y));
    gli_block_free(job->ctx, &memory);
    free_weights(job, &w);
    return status;
}

static glia_status squeeze_columns(gli_job *job, const gli_pixels *from, int64_t height, glia_image_filter filter,
                                   gli_pixels *out) {
    weights w     = {0};
    gli_block sum = {0};
    GLI_TRY(gli_pixels_alloc(job, height, from->width, from->channels, from->bits, out));
    glia_status status = make_weights(job, filter, from->height, height, &w);
    if (status == GLIA_OK)
        status = gli_job_alloc(job, (size_t)(from->width * from->channels),
                               from->bits == 8 ? sizeof(int32_t) : sizeof(double), "a row of a picture", &sum);
    for (int64_t y = 0; y < height && status == GLIA_OK; ++y) {
        if (from->bits == 8)
            sum_rows_8(&w, from, y, sum.data, gli_pixels_row(out, y));
        else
            sum_rows_16(&w, from, y, sum.data, gli_pixels_row(out, y));
    }
    gli_block_free(job->ctx, &sum);
    free_weights(job, &w);
    return status;
}

static glia_status smooth(gli_job *job, gli_pixel_view from, int64_t height, int64_t width, glia_image_filter filter,
                          gli_pixels *out) {
    gli_pixels narrow = {0}, done = {0};
    glia_status status = from.box.width == width ? gli_pixels_orient(job, from, 1, &narrow)
                                                 : squeeze_rows(job, from, width, filter, &narrow);
    if (status == GLIA_OK && height != narrow.height) status = squeeze_columns(job, &narrow, height, filter, &done);
    gli_pixels *result = done.memory.data ? &done : &narrow;
    if (result == &done) gli_pixels_free(job, &narrow);
    if (status != GLIA_OK) gli_pixels_free(job, result);
    *out = *result;
    return status;
}

static glia_status nearest(gli_job *job, gli_pixel_view from, int64_t height, int64_t width, gli_pixels *out) {
    const gli_pixels *p = from.of;
    const size_t bytes  = gli_pixel_bytes(p);
    GLI_TRY(gli_pixels_alloc(job, height, width, p->channels, p->bits, out));
    for (int64_t y = 0; y < height; ++y) {
        const char *row   = gli_pixels_row(p, from.box.top + (2 * y + 1) * from.box.height / (2 * height));
        unsigned char *to = gli_pixels_row(out, y);
        for (int64_t x = 0; x < width; ++x, to += bytes)
            memcpy(to, row + (size_t)(from.box.left + (2 * x + 1) * from.box.width / (2 * width)) * bytes, bytes);
    }
    return GLIA_OK;
}

/* ---- Alpha: what is transparent has no colour to give ---- */

static uint32_t times(uint32_t a, uint32_t b, uint32_t full) { return (uint32_t)(((uint64_t)a * b + full / 2) / full); }

static void multiply_by_alpha(gli_pixels *p, bool back) {
    const uint32_t full = p->bits == 16 ? UINT16_MAX : UINT8_MAX;
    const int n         = p->channels;
    uint8_t *v8         = p->memory.data;
    uint16_t *v16       = p->memory.data;
    for (int64_t i = 0; i < p->height * p->width * n; ++i) {
        const int64_t at_alpha = i - i % n + n - 1;
        if (i == at_alpha) continue;
        const uint32_t alpha = p->bits == 16 ? v16[at_alpha] : v8[at_alpha], x = p->bits == 16 ? v16[i] : v8[i];
        uint32_t y = x;
        if (!back)
            y = times(x, alpha, full);
        else if (alpha != 0 && alpha != full)
            y = (uint32_t)gli_min_i64((int64_t)full * x / alpha, full);
        if (p->bits == 16)
            v16[i] = (uint16_t)y;
        else
            v8[i] = (uint8_t)y;
    }
}

glia_status gli_pixels_resize(gli_job *job, gli_pixel_view from, int64_t height, int64_t width,
                              glia_image_filter filter, gli_pixels *out) {
    const int n = from.of->channels;
    gli_pixels copy;
    if (from.box.height == height && from.box.width == width) return gli_pixels_orient(job, from, 1, out);
    if (filter == GLIA_IMAGE_NEAREST) return nearest(job, from, height, width, out);
    if (n != 2 && n != 4) return smooth(job, from, height, width, filter, out);
    GLI_TRY(gli_pixels_orient(job, from, 1, &copy));
    multiply_by_alpha(&copy, false);
    const glia_status status = smooth(job, gli_whole(&copy), height, width, filter, out);
    gli_pixels_free(job, &copy);
    if (status == GLIA_OK) multiply_by_alpha(out, true);
    return status;
}
