#include "cpu/reference/pool/pool2d_ref.h"

static gli_ref_pool_range adaptive_range(int output, int outputs, int inputs) {
    const int64_t first = gli_adaptive_first(output, outputs, inputs),
                  last  = gli_adaptive_last(output, outputs, inputs);
    return (gli_ref_pool_range){.first = first, .last = last, .counted = last - first};
}

gli_ref_pool_window gli_ref_adaptive_window(const gli_pool2d_geom *g, int p, int q) {
    return (gli_ref_pool_window){adaptive_range(p, g->p, g->h), adaptive_range(q, g->q, g->w)};
}

static double divisor(const gli_ref_pool_window *w) { return (double)w->rows.counted * (double)w->columns.counted; }

void gli_ref_mean_pool(const gli_pool2d_geom *g, gli_ref_pool_windows windows, const double *x, double *y) {
    const int64_t channels = (int64_t)g->n * g->c, area = (int64_t)g->h * g->w;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q) {
                const gli_ref_pool_window w = windows(g, p, q);
                long double sum             = 0;
                for (int64_t row = w.rows.first; row < w.rows.last; ++row)
                    for (int64_t column = w.columns.first; column < w.columns.last; ++column)
                        sum += x[channel * area + row * g->w + column];
                y[(channel * g->p + p) * g->q + q] = (double)(sum / divisor(&w));
            }
}

void gli_ref_mean_pool_backward(const gli_pool2d_geom *g, gli_ref_pool_windows windows, const double *dy, double *dx) {
    const int64_t channels = (int64_t)g->n * g->c, area = (int64_t)g->h * g->w;
    for (int64_t i = 0; i < channels * area; ++i) dx[i] = 0;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q) {
                const gli_ref_pool_window w = windows(g, p, q);
                const double share          = dy[(channel * g->p + p) * g->q + q] / divisor(&w);
                for (int64_t row = w.rows.first; row < w.rows.last; ++row)
                    for (int64_t column = w.columns.first; column < w.columns.last; ++column)
                        dx[channel * area + row * g->w + column] += share;
            }
}

void gli_ref_pool_max_add(gli_ref_pool_max *max, double value, int64_t index) {
    if (max->index < 0 || value > max->value || isnan(value)) *max = (gli_ref_pool_max){value, index};
}

void gli_ref_pool_max_store(double *const *out, int64_t i, gli_ref_pool_max max) {
    out[GLI_POOL_Y][i] = max.value;
    if (out[GLI_POOL_INDICES]) out[GLI_POOL_INDICES][i] = (double)max.index;
}
