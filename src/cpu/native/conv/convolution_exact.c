#include "cpu/native/conv/convolution_exact.h"

#include <math.h>

#include "core/parallel.h"
#include "cpu/native/conv/convolution_rows.h"
#include "cpu/native/finite.h"
#include "cpu/native/linear/product.h"

/* The row or column of x that an output pixel reads with a tap; beside the image, or -1: none. */
static int64_t input_of(const gli_convolution *c, int d, int64_t pixel, int64_t tap) {
    const int64_t reach = tap * c->dilation[d];
    if (!c->transposed) return pixel * c->stride[d] - c->pad[d] + reach;
    const int64_t distance = pixel + c->pad[d] - reach;
    return distance % c->stride[d] == 0 ? distance / c->stride[d] : -1;
}

/* x of pixel (p, q) and tap (r, s) in its channel 0, or NULL. */
static const float *pixel_under(const gli_convolution *c, const float *x, const int64_t *at, int64_t r, int64_t s) {
    const int64_t row = input_of(c, GLI_ROWS, at[GLI_ROWS], r), column = input_of(c, GLI_COLUMNS, at[GLI_COLUMNS], s);
    const bool inside = row >= 0 && row < c->x.rows && column >= 0 && column < c->x.columns;
    return inside ? x + row * c->x.row_stride + column * c->x.column_stride : NULL;
}

bool gli_convolution_reads_zeros(const gli_convolution *c) {
    const int64_t x[2] = {c->x.rows, c->x.columns}, y[2] = {c->y.rows, c->y.columns};
    for (int d = 0; d < 2; ++d)
        if (c->transposed || c->pad[d] > 0 || input_of(c, d, y[d] - 1, c->taps[d] - 1) >= x[d]) return true;
    return false;
}

/* ---- channels of y ----------------------------------------------------------------------------------------------- */

typedef struct job {
    const gli_convolution *c;
    const float *x, *w; /* of the filter gradient, w is dy */
    const glia_tensor *bias, *dw;
    float *y;
} job;

/* The filter of a channel of y and a tap, for channel 0 of the group. */
static const float *filter_of(const job *j, int64_t channel, int64_t r, int64_t s) {
    const gli_convolution *c = j->c;
    const int64_t out        = gli_channels_out(c);
    return j->w + channel / out * c->group_stride + channel % out * c->out_stride + r * c->tap_row_stride +
           s * c->tap_stride;
}

static bool has_finite_filter(const job *j, int64_t channel) {
    const gli_convolution *c = j->c;
    for (int64_t r = 0; r < c->taps[GLI_ROWS]; ++r)
        for (int64_t s = 0; s < c->taps[GLI_COLUMNS]; ++s) {
            const float *filter = filter_of(j, channel, r, s);
            for (int64_t i = 0; i < gli_channels_in(c); ++i)
                if (!isfinite(filter[i * c->in_stride])) return false;
        }
    return true;
}

/* NaN stays NaN: where a network has diverged, no more is read. */
static double sum_of_pixel(const job *j, const float *x, int64_t channel, const int64_t *at) {
    const gli_convolution *c = j->c;
    double sum               = j->bias ? ((const float *)j->bias->data)[channel * j->bias->stride[0]] : 0;
    for (int64_t r = 0; r < c->taps[GLI_ROWS]; ++r)
        for (int64_t s = 0; s < c->taps[GLI_COLUMNS]; ++s) {
            const float *pixel = pixel_under(c, x, at, r, s), *filter = filter_of(j, channel, r, s);
            for (int64_t i = 0; pixel && i < gli_channels_in(c) && !isnan(sum); ++i)
                sum += (double)pixel[i * c->x.channel_stride] * filter[i * c->in_stride];
        }
    return sum;
}

/* Planes of y: [image][channel]. */
static void redo_planes(void *arg, int64_t begin, int64_t end) {
    const job *j             = arg;
    const gli_convolution *c = j->c;
    for (int64_t plane = begin; plane < end; ++plane) {
        const int64_t image = plane / c->y.channels, channel = plane % c->y.channels;
        const int64_t first = channel / gli_channels_out(c) * gli_channels_in(c);
        const float *x      = j->x + image * c->x.image_stride + first * c->x.channel_stride;
        float *y            = j->y + image * c->y.image_stride + channel * c->y.channel_stride;
        if (has_finite_filter(j, channel)) continue;
        for (int64_t i = 0; i < c->y.rows * c->y.columns; ++i) {
            const int64_t at[2] = {i / c->y.columns, i % c->y.columns};
            float sum           = (float)sum_of_pixel(j, x, channel, at);
            gli_activate(c->activation, &sum, 1);
            y[at[GLI_ROWS] * c->y.row_stride + at[GLI_COLUMNS] * c->y.column_stride] = sum;
        }
    }
}

void gli_convolution_redo_channels(const glia_context *ctx, const gli_convolution *c, const float *x, const float *w,
                                   const glia_tensor *bias, float *y) {
    job j = {.c = c, .x = x, .w = w, .bias = bias, .y = y};
    gli_parallel(ctx, c->images * c->y.channels, 1, redo_planes, &j);
}

/* ---- filters ----------------------------------------------------------------------------------------------------- */

/* Over the pixels of dy in channel k, of x in channel 0. */
static double sum_of_filter(const job *j, const float *x, const float *dy, int64_t r, int64_t s) {
    const gli_convolution *c = j->c;
    double sum               = 0;
    for (int64_t image = 0; image < c->images; ++image, x += c->x.image_stride, dy += c->y.image_stride)
        for (int64_t i = 0; i < c->y.rows * c->y.columns && !isnan(sum); ++i) {
            const int64_t at[2] = {i / c->y.columns, i % c->y.columns};
            const float *pixel  = pixel_under(c, x, at, r, s);
            const float factor  = dy[at[GLI_ROWS] * c->y.row_stride + at[GLI_COLUMNS] * c->y.column_stride];
            if (pixel) sum += (double)*pixel * factor;
        }
    return sum;
}

static void redo_filters(void *arg, int64_t begin, int64_t end) {
    const job *j             = arg;
    const gli_convolution *c = j->c;
    const glia_tensor *dw    = j->dw;
    const int64_t in = gli_channels_in(c), taps = gli_taps(c);
    for (int64_t k = begin; k < end; ++k)
        for (int64_t i = 0; i < in * taps; ++i) {
            const int64_t channel = i / taps, r = i % taps / c->taps[GLI_COLUMNS], s = i % c->taps[GLI_COLUMNS];
            float *to =
                (float *)dw->data + k * dw->stride[0] + channel * dw->stride[1] + r * dw->stride[2] + s * dw->stride[3];
            const float *x = j->x + (k / gli_channels_out(c) * in + channel) * c->x.channel_stride;
            if (!isfinite(*to)) *to = (float)sum_of_filter(j, x, j->w + k * c->y.channel_stride, r, s);
        }
}

void gli_convolution_redo_filters(const glia_context *ctx, const gli_convolution *c, const float *x, const float *dy,
                                  const glia_tensor *dw) {
    job j = {.c = c, .x = x, .w = dy, .dw = dw};
    gli_parallel(ctx, c->y.channels, 1, redo_filters, &j);
}
