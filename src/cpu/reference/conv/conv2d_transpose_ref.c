/* The transposed convolution: each element of x adds its multiple of the filters to y. */
#include "core/provider.h"
#include "cpu/reference/ref.h"
#include "ops/conv/conv2d_transpose_geom.h"

/* Adds x times the filter w [r,s] to the plane y [p,q], with the filter's first element at (row, column). */
static void add_filter(const gli_conv2d_transpose_geom *g, double x, const double *w, int64_t row, int64_t column,
                       double *y) {
    for (int r = 0; r < g->r; ++r)
        for (int s = 0; s < g->s; ++s) {
            const int64_t p = row + (int64_t)r * g->dilation_h, q = column + (int64_t)s * g->dilation_w;
            if (p >= 0 && p < g->p && q >= 0 && q < g->q) y[p * g->q + q] += x * w[r * g->s + s];
        }
}

static void conv2d_transpose(const void *geom, const double *const *in, double *const *out) {
    const gli_conv2d_transpose_geom *g = geom;
    const double *x = in[GLI_CONV2D_TRANSPOSE_X], *w = in[GLI_CONV2D_TRANSPOSE_W],
                 *bias    = in[GLI_CONV2D_TRANSPOSE_BIAS];
    const int64_t group_c = g->c / g->groups, group_k = g->k / g->groups;
    const int64_t area = (int64_t)g->p * g->q, filter = (int64_t)g->r * g->s, count = g->n * g->k * area;
    double *y = out[0];
    for (int64_t i = 0; i < count; ++i) y[i] = bias ? bias[i / area % g->k] : 0;
    for (int64_t n = 0; n < g->n; ++n)
        for (int64_t c = 0; c < g->c; ++c)
            for (int64_t k = 0; k < group_k; ++k)
                for (int64_t h = 0; h < g->h; ++h)
                    for (int64_t j = 0; j < g->w; ++j)
                        add_filter(g, x[((n * g->c + c) * g->h + h) * g->w + j], w + (c * group_k + k) * filter,
                                   h * g->stride_h - g->pad_h, j * g->stride_w - g->pad_w,
                                   y + (n * g->k + c / group_c * group_k + k) * area);
    for (int64_t i = 0; i < count; ++i) y[i] = gli_ref_activate(g->activation, y[i]);
}

GLI_REF_PROVIDER(conv2d_transpose, conv2d_transpose);
