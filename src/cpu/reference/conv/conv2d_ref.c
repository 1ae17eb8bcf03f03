/* The three convolutions, each as its sum. */
#include "core/provider.h"
#include "cpu/reference/ref.h"
#include "ops/conv/conv2d_geom.h"

/* Calls visit(arg, i, j, l) for each product x[i] * w[j] that the convolution adds to y[l]. */
static void each_product(const gli_conv2d_geom *g, void (*visit)(void *arg, int64_t i, int64_t j, int64_t l),
                         void *arg) {
    const int group_c = g->c / g->groups, group_k = g->k / g->groups;
    for (int n = 0; n < g->n; ++n)
        for (int k = 0; k < g->k; ++k)
            for (int p = 0; p < g->p; ++p)
                for (int q = 0; q < g->q; ++q)
                    for (int c = 0; c < group_c; ++c)
                        for (int r = 0; r < g->r; ++r)
                            for (int s = 0; s < g->s; ++s) {
                                const int64_t row    = (int64_t)p * g->stride_h - g->pad_h + (int64_t)r * g->dilation_h;
                                const int64_t column = (int64_t)q * g->stride_w - g->pad_w + (int64_t)s * g->dilation_w;
                                if (row < 0 || row >= g->h || column < 0 || column >= g->w) continue; /* zero padding */
                                const int64_t channel = (int64_t)(k / group_k) * group_c + c;
                                visit(arg, ((n * (int64_t)g->c + channel) * g->h + row) * g->w + column,
                                      ((k * (int64_t)group_c + c) * g->r + r) * g->s + s,
                                      ((n * (int64_t)g->k + k) * g->p + p) * g->q + q);
                            }
}

typedef struct arrays {
    const double *a, *b;
    double *sum;
} arrays;

static void add_to_y(void *arg, int64_t x, int64_t w, int64_t y) {
    const arrays *v = arg;
    v->sum[y] += v->a[x] * v->b[w];
}

static void add_to_dx(void *arg, int64_t x, int64_t w, int64_t y) {
    const arrays *v = arg;
    v->sum[x] += v->a[y] * v->b[w];
}

static void add_to_dw(void *arg, int64_t x, int64_t w, int64_t y) {
    const arrays *v = arg;
    v->sum[w] += v->a[x] * v->b[y];
}

static void zero(double *values, int64_t count) {
    for (int64_t i = 0; i < count; ++i) values[i] = 0;
}

static void conv2d(const void *geom, const double *const *in, double *const *out) {
    const gli_conv2d_geom *g = geom;
    const int64_t area = (int64_t)g->p * g->q, count = (int64_t)g->n * g->k * area;
    double *y = out[0];
    for (int64_t i = 0; i < count; ++i) y[i] = in[GLI_CONV2D_BIAS] ? in[GLI_CONV2D_BIAS][i / area % g->k] : 0;
    each_product(g, add_to_y, &(arrays){in[GLI_CONV2D_X], in[GLI_CONV2D_W], y});
    for (int64_t i = 0; i < count; ++i) y[i] = gli_ref_activate(g->activation, y[i]);
}

static void conv2d_backward_data(const void *geom, const double *const *in, double *const *out) {
    const gli_conv2d_geom *g = geom;
    zero(out[0], (int64_t)g->n * g->c * g->h * g->w);
    each_product(g, add_to_dx, &(arrays){in[GLI_CONV2D_DATA_DY], in[GLI_CONV2D_DATA_W], out[0]});
}

static void conv2d_backward_filter(const void *geom, const double *const *in, double *const *out) {
    const gli_conv2d_geom *g = geom;
    const int64_t area = (int64_t)g->p * g->q, count = (int64_t)g->n * g->k * area;
    zero(out[GLI_CONV2D_FILTER_DW], (int64_t)g->k * (g->c / g->groups) * g->r * g->s);
    each_product(g, add_to_dw, &(arrays){in[GLI_CONV2D_FILTER_X], in[GLI_CONV2D_FILTER_DY], out[GLI_CONV2D_FILTER_DW]});
    if (!out[GLI_CONV2D_FILTER_DBIAS]) return;
    zero(out[GLI_CONV2D_FILTER_DBIAS], g->k);
    for (int64_t i = 0; i < count; ++i) out[GLI_CONV2D_FILTER_DBIAS][i / area % g->k] += in[GLI_CONV2D_FILTER_DY][i];
}

GLI_REF_PROVIDER(conv2d, conv2d);
GLI_REF_PROVIDER(conv2d_backward_data, conv2d_backward_data);
GLI_REF_PROVIDER(conv2d_backward_filter, conv2d_backward_filter);
