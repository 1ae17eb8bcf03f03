#include "cpu/reference/pool/pool_ref.h"

static gli_ref_pool_range adaptive_range(int output, int outputs, int inputs) {
    const int64_t first = gli_adaptive_first(output, outputs, inputs),
                  last  = gli_adaptive_last(output, outputs, inputs);
    return (gli_ref_pool_range){.first = first, .last = last, .counted = last - first};
}

gli_ref_pool_window gli_ref_adaptive_window(const gli_pool_geom *g, int z, int p, int q) {
    return (gli_ref_pool_window){
        {adaptive_range(z, g->z, g->d), adaptive_range(p, g->p, g->h), adaptive_range(q, g->q, g->w)}};
}

/* The divisor counts the window's elements of x; with include_pad those of the padding too, but not those beyond it,
 * into which a window may extend with ceil_mode. */
static gli_ref_pool_range range_of(const gli_pool_geom *g, int axis, int output) {
    const int64_t first = (int64_t)output * g->stride[axis] - g->pad[axis], last = first + g->window[axis];
    const int64_t size = g->in[axis], padded = size + g->pad_end[axis];
    gli_ref_pool_range range = {.first = first > 0 ? first : 0, .last = last < size ? last : size};
    range.counted = g->count_include_pad ? (last < padded ? last : padded) - first : range.last - range.first;
    return range;
}

static gli_ref_pool_window window_of(const gli_pool_geom *g, int z, int p, int q) {
    return (gli_ref_pool_window){{range_of(g, 0, z), range_of(g, 1, p), range_of(g, 2, q)}};
}

static int64_t product(const int axes[GLI_AXES]) { return (int64_t)axes[0] * axes[1] * axes[2]; }

static double divisor(const gli_ref_pool_window *w) {
    return (double)w->axis[0].counted * (double)w->axis[1].counted * (double)w->axis[2].counted;
}

static void add_all(void *arg, double *element) { *(long double *)arg += *element; }

static void add_share(void *arg, double *element) { *element += *(const double *)arg; }

/* Calls visit(arg, &element) for those of the window, of a channel. */
static void each_element(const gli_pool_geom *g, const gli_ref_pool_window *w, double *channel,
                         void (*visit)(void *arg, double *element), void *arg) {
    for (int64_t slice = w->axis[0].first; slice < w->axis[0].last; ++slice)
        for (int64_t row = w->axis[1].first; row < w->axis[1].last; ++row)
            for (int64_t column = w->axis[2].first; column < w->axis[2].last; ++column)
                visit(arg, channel + (slice * g->h + row) * g->w + column);
}

void gli_ref_mean_pool(const gli_pool_geom *g, gli_ref_pool_windows windows, const double *x, double *y) {
    const int64_t channels = (int64_t)g->n * g->c;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int z = 0; z < g->z; ++z)
            for (int p = 0; p < g->p; ++p)
                for (int q = 0; q < g->q; ++q) {
                    const gli_ref_pool_window w = windows(g, z, p, q);
                    long double sum             = 0;
                    each_element(g, &w, (double *)x + channel * product(g->in), add_all, &sum);
                    y[((channel * g->z + z) * g->p + p) * g->q + q] = (double)(sum / divisor(&w));
                }
}

void gli_ref_mean_pool_backward(const gli_pool_geom *g, gli_ref_pool_windows windows, const double *dy, double *dx) {
    const int64_t channels = (int64_t)g->n * g->c, volume = product(g->in);
    for (int64_t i = 0; i < channels * volume; ++i) dx[i] = 0;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int z = 0; z < g->z; ++z)
            for (int p = 0; p < g->p; ++p)
                for (int q = 0; q < g->q; ++q) {
                    const gli_ref_pool_window w = windows(g, z, p, q);
                    double share                = dy[((channel * g->z + z) * g->p + p) * g->q + q] / divisor(&w);
                    each_element(g, &w, dx + channel * volume, add_share, &share);
                }
}

void gli_ref_avg_pool(const void *geom, const double *const *in, double *const *out) {
    gli_ref_mean_pool(geom, window_of, in[0], out[0]);
}

void gli_ref_avg_pool_backward(const void *geom, const double *const *in, double *const *out) {
    gli_ref_mean_pool_backward(geom, window_of, in[GLI_POOL_BACK_DY], out[0]);
}

/* The largest element of a window, which may be dilated, of a channel. */
static gli_ref_pool_max max_of(const gli_pool_geom *g, const double *channel, int z, int p, int q) {
    gli_ref_pool_max max = GLI_REF_POOL_EMPTY;
    for (int t = 0; t < g->t; ++t)
        for (int r = 0; r < g->r; ++r)
            for (int s = 0; s < g->s; ++s) {
                const int64_t slice  = (int64_t)z * g->stride_d - g->pad_d + (int64_t)t * g->dilation_d;
                const int64_t row    = (int64_t)p * g->stride_h - g->pad_h + (int64_t)r * g->dilation_h;
                const int64_t column = (int64_t)q * g->stride_w - g->pad_w + (int64_t)s * g->dilation_w;
                if (slice < 0 || slice >= g->d || row < 0 || row >= g->h || column < 0 || column >= g->w) continue;
                const int64_t index = (slice * g->h + row) * g->w + column;
                gli_ref_pool_max_add(&max, channel[index], index);
            }
    if (g->relu && max.value <= 0) max = (gli_ref_pool_max){0, -1};
    return max;
}

void gli_ref_max_pool(const void *geom, const double *const *in, double *const *out) {
    const gli_pool_geom *g = geom;
    const int64_t channels = (int64_t)g->n * g->c;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int z = 0; z < g->z; ++z)
            for (int p = 0; p < g->p; ++p)
                for (int q = 0; q < g->q; ++q)
                    gli_ref_pool_max_store(out, ((channel * g->z + z) * g->p + p) * g->q + q,
                                           max_of(g, in[0] + channel * product(g->in), z, p, q));
}

void gli_ref_max_pool_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_pool_geom *g = geom;
    const int64_t channels = (int64_t)g->n * g->c, volume = product(g->in), windows = product(g->out);
    for (int64_t i = 0; i < channels * volume; ++i) out[0][i] = 0;
    for (int64_t i = 0; i < channels * windows; ++i) {
        const int64_t index = (int64_t)in[GLI_POOL_BACK_INDICES][i];
        if (index >= 0 && index < volume) out[0][i / windows * volume + index] += in[GLI_POOL_BACK_DY][i];
    }
}

void gli_ref_pool_max_add(gli_ref_pool_max *max, double value, int64_t index) {
    if (max->index < 0 || value > max->value || isnan(value)) *max = (gli_ref_pool_max){value, index};
}

void gli_ref_pool_max_store(double *const *out, int64_t i, gli_ref_pool_max max) {
    out[GLI_POOL_Y][i] = max.value;
    if (out[GLI_POOL_INDICES]) out[GLI_POOL_INDICES][i] = (double)max.index;
}
