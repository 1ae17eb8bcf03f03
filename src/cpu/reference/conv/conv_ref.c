/* The three convolutions, each as its sum. Of two dimensions the depth is 1. */
#include "cpu/reference/conv/conv_ref.h"

#include "cpu/reference/ref.h"
#include "ops/conv/conv_geom.h"

typedef void (*visitor)(void *arg, int64_t i, int64_t j, int64_t l);

/* Where the window of an output starts in x: {depth, row, column}, which may be in the padding. */
typedef struct origin {
    int64_t at[GLI_AXES];
} origin;

static origin origin_of(const gli_conv_geom *g, int64_t output) {
    origin o;
    for (int axis = GLI_AXES - 1; axis >= 0; --axis) {
        o.at[axis] = output % g->out[axis] * g->stride[axis] - g->pad[axis];
        output /= g->out[axis];
    }
    return o;
}

/* The products of one channel, from element x on, with one filter's, from w on. */
static void each_tap(const gli_conv_geom *g, const origin *from, int64_t x, int64_t w, int64_t y, visitor visit,
                     void *arg) {
    for (int64_t t = 0; t < g->t; ++t) {
        const int64_t slice = from->at[0] + t * g->dilation_d;
        if (slice < 0 || slice >= g->d) continue; /* zero padding */
        for (int64_t r = 0; r < g->r; ++r) {
            const int64_t row = from->at[1] + r * g->dilation_h;
            if (row < 0 || row >= g->h) continue;
            for (int64_t s = 0; s < g->s; ++s) {
                const int64_t column = from->at[2] + s * g->dilation_w;
                if (column < 0 || column >= g->w) continue;
                visit(arg, x + (slice * g->h + row) * g->w + column, w + (t * g->r + r) * g->s + s, y);
            }
        }
    }
}

static int64_t product(const int axes[GLI_AXES]) { return (int64_t)axes[0] * axes[1] * axes[2]; }

/* Calls visit(arg, i, j, l) for each product x[i] * w[j] that the convolution adds to y[l]. */
static void each_product(const gli_conv_geom *g, visitor visit, void *arg) {
    const int64_t group_c = g->c / g->groups, group_k = g->k / g->groups;
    const int64_t pixels = product(g->in), taps = product(g->window), outputs = product(g->out);
    for (int64_t n = 0; n < g->n; ++n)
        for (int64_t k = 0; k < g->k; ++k)
            for (int64_t i = 0; i < outputs; ++i) {
                const origin from   = origin_of(g, i);
                const int64_t first = n * g->c + k / group_k * group_c;
                for (int64_t c = 0; c < group_c; ++c)
                    each_tap(g, &from, (first + c) * pixels, (k * group_c + c) * taps, (n * g->k + k) * outputs + i,
                             visit, arg);
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

void gli_ref_conv(const void *geom, const double *const *in, double *const *out) {
    const gli_conv_geom *g = geom;
    const int64_t area = product(g->out), count = (int64_t)g->n * g->k * area;
    double *y = out[0];
    for (int64_t i = 0; i < count; ++i) y[i] = in[GLI_CONV_BIAS] ? in[GLI_CONV_BIAS][i / area % g->k] : 0;
    each_product(g, add_to_y, &(arrays){in[GLI_CONV_X], in[GLI_CONV_W], y});
    for (int64_t i = 0; i < count; ++i) y[i] = gli_ref_activate(g->activation, y[i]);
}

void gli_ref_conv_backward_data(const void *geom, const double *const *in, double *const *out) {
    const gli_conv_geom *g = geom;
    zero(out[0], (int64_t)g->n * g->c * product(g->in));
    each_product(g, add_to_dx, &(arrays){in[GLI_CONV_DATA_DY], in[GLI_CONV_DATA_W], out[0]});
}

void gli_ref_conv_backward_filter(const void *geom, const double *const *in, double *const *out) {
    const gli_conv_geom *g = geom;
    const int64_t area = product(g->out), count = (int64_t)g->n * g->k * area;
    zero(out[GLI_CONV_FILTER_DW], (int64_t)g->k * (g->c / g->groups) * product(g->window));
    each_product(g, add_to_dw, &(arrays){in[GLI_CONV_FILTER_X], in[GLI_CONV_FILTER_DY], out[GLI_CONV_FILTER_DW]});
    if (!out[GLI_CONV_FILTER_DBIAS]) return;
    zero(out[GLI_CONV_FILTER_DBIAS], g->k);
    for (int64_t i = 0; i < count; ++i) out[GLI_CONV_FILTER_DBIAS][i / area % g->k] += in[GLI_CONV_FILTER_DY][i];
}
