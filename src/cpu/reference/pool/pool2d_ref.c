/* Pooling, channel by channel. */
#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"
#include "ops/pool/pool2d_geom.h"

/* The largest element so far and its place. */
typedef struct best {
    double value;
    int64_t place;
} best;

static void consider(best *b, double value, int64_t place) {
    if (b->place < 0 || value > b->value || isnan(value)) *b = (best){value, place};
}

static void put_best(double *const *out, int64_t at, best b) {
    out[GLI_POOL_Y][at] = b.value;
    if (out[GLI_POOL_INDICES]) out[GLI_POOL_INDICES][at] = (double)b.place;
}

static void max_pool2d(const void *geom, const double *const *in, double *const *out) {
    const gli_pool2d_geom *g = geom;
    const int64_t channels   = (int64_t)g->n * g->c;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q) {
                best b = {-INFINITY, -1};
                for (int r = 0; r < g->r; ++r)
                    for (int s = 0; s < g->s; ++s) {
                        const int64_t row    = (int64_t)p * g->stride_h - g->pad_h + (int64_t)r * g->dilation_h;
                        const int64_t column = (int64_t)q * g->stride_w - g->pad_w + (int64_t)s * g->dilation_w;
                        if (row < 0 || row >= g->h || column < 0 || column >= g->w) continue;
                        consider(&b, in[0][(channel * g->h + row) * g->w + column], row * g->w + column);
                    }
                put_best(out, (channel * g->p + p) * g->q + q, b);
            }
}

static void max_pool2d_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_pool2d_geom *g = geom;
    const int64_t channels = (int64_t)g->n * g->c, area = (int64_t)g->h * g->w, windows = (int64_t)g->p * g->q;
    for (int64_t i = 0; i < channels * area; ++i) out[0][i] = 0;
    for (int64_t i = 0; i < channels * windows; ++i) {
        const int64_t place = (int64_t)in[GLI_POOL_BACK_INDICES][i];
        if (place >= 0 && place < area) out[0][i / windows * area + place] += in[GLI_POOL_BACK_DY][i];
    }
}

/* One axis of an averaging window: elements first .. last-1 of x, and the number that the divisor counts. */
typedef struct span {
    int64_t first, last, counted;
} span;

static span span_of(int place, int kernel, int stride, int pad, int pad_end, int size, int count_include_pad) {
    const int64_t first = (int64_t)place * stride - pad, last = first + kernel;
    span s            = {.first = first > 0 ? first : 0, .last = last < size ? last : size};
    const int64_t end = last < (int64_t)size + pad_end ? last : (int64_t)size + pad_end;
    s.counted         = count_include_pad ? end - first : s.last - s.first;
    return s;
}

static span rows_of(const gli_pool2d_geom *g, int p) {
    return span_of(p, g->r, g->stride_h, g->pad_h, g->pad_h_end, g->h, g->count_include_pad);
}

static span columns_of(const gli_pool2d_geom *g, int q) {
    return span_of(q, g->s, g->stride_w, g->pad_w, g->pad_w_end, g->w, g->count_include_pad);
}

static span adaptive_of(int place, int out, int in) {
    const int64_t first = gli_adaptive_first(place, out, in), last = gli_adaptive_last(place, out, in);
    return (span){.first = first, .last = last, .counted = last - first};
}

/* The mean of a window of one channel, or, backwards, its share for each of the elements. */
static double mean_of(const gli_pool2d_geom *g, const double *x, span rows, span columns) {
    double sum = 0;
    for (int64_t row = rows.first; row < rows.last; ++row)
        for (int64_t column = columns.first; column < columns.last; ++column) sum += x[row * g->w + column];
    return sum / ((double)rows.counted * (double)columns.counted);
}

static void share_out(const gli_pool2d_geom *g, double dy, span rows, span columns, double *dx) {
    for (int64_t row = rows.first; row < rows.last; ++row)
        for (int64_t column = columns.first; column < columns.last; ++column)
            dx[row * g->w + column] += dy / ((double)rows.counted * (double)columns.counted);
}

static void average(const gli_pool2d_geom *g, const double *x, double *y, bool adaptive, bool backward) {
    const int64_t channels = (int64_t)g->n * g->c, area = (int64_t)g->h * g->w;
    for (int64_t i = 0; backward && i < channels * area; ++i) y[i] = 0;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q) {
                const span rows    = adaptive ? adaptive_of(p, g->p, g->h) : rows_of(g, p);
                const span columns = adaptive ? adaptive_of(q, g->q, g->w) : columns_of(g, q);
                const int64_t at   = (channel * g->p + p) * g->q + q;
                if (backward)
                    share_out(g, x[at], rows, columns, y + channel * area);
                else
                    y[at] = mean_of(g, x + channel * area, rows, columns);
            }
}

static void avg_pool2d(const void *geom, const double *const *in, double *const *out) {
    average(geom, in[0], out[0], false, false);
}

static void avg_pool2d_backward(const void *geom, const double *const *in, double *const *out) {
    average(geom, in[0], out[0], false, true);
}

static void adaptive_avg_pool2d(const void *geom, const double *const *in, double *const *out) {
    average(geom, in[0], out[0], true, false);
}

static void adaptive_avg_pool2d_backward(const void *geom, const double *const *in, double *const *out) {
    average(geom, in[0], out[0], true, true);
}

static void adaptive_max_pool2d(const void *geom, const double *const *in, double *const *out) {
    const gli_pool2d_geom *g = geom;
    const int64_t channels   = (int64_t)g->n * g->c;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q) {
                const span rows = adaptive_of(p, g->p, g->h), columns = adaptive_of(q, g->q, g->w);
                best b = {-INFINITY, -1};
                for (int64_t row = rows.first; row < rows.last; ++row)
                    for (int64_t column = columns.first; column < columns.last; ++column)
                        consider(&b, in[0][(channel * g->h + row) * g->w + column], row * g->w + column);
                put_best(out, (channel * g->p + p) * g->q + q, b);
            }
}

GLI_REF_PROVIDER(max_pool2d, max_pool2d);
GLI_REF_PROVIDER(max_pool2d_backward, max_pool2d_backward);
GLI_REF_PROVIDER(avg_pool2d, avg_pool2d);
GLI_REF_PROVIDER(avg_pool2d_backward, avg_pool2d_backward);
GLI_REF_PROVIDER(adaptive_avg_pool2d, adaptive_avg_pool2d);
GLI_REF_PROVIDER(adaptive_avg_pool2d_backward, adaptive_avg_pool2d_backward);
GLI_REF_PROVIDER(adaptive_max_pool2d, adaptive_max_pool2d);
