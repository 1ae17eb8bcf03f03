#include "ops/softmax/softmax_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"

/* One row, whose elements have the stride `step`. */
static void row(const gli_softmax_geom *g, const double *x, double *y) {
    const int step = g->inner;
    double max = -INFINITY, sum = 0;
    for (int k = 0; k < g->length; ++k)
        if (x[k * step] > max) max = x[k * step];
    for (int k = 0; k < g->length; ++k) sum += exp(x[k * step] - max);
    for (int k = 0; k < g->length; ++k)
        y[k * step] = g->log ? x[k * step] - max - log(sum) : exp(x[k * step] - max) / sum;
}

static void row_backward(const gli_softmax_geom *g, const double *y, const double *dy, double *dx) {
    const int step  = g->inner;
    long double sum = 0;
    for (int k = 0; k < g->length; ++k) sum += g->log ? dy[k * step] : (long double)dy[k * step] * y[k * step];
    for (int k = 0; k < g->length; ++k)
        dx[k * step] = (double)(g->log ? dy[k * step] - exp(y[k * step]) * sum : y[k * step] * (dy[k * step] - sum));
}

static void softmax(const void *geom, const double *const *in, double *const *out) {
    const gli_softmax_geom *g = geom;
    for (int o = 0; o < g->outer; ++o)
        for (int i = 0; i < g->inner; ++i) {
            const int first = o * g->length * g->inner + i;
            row(g, in[GLI_SOFTMAX_X] + first, out[0] + first);
        }
}

static void softmax_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_softmax_geom *g = geom;
    for (int o = 0; o < g->outer; ++o)
        for (int i = 0; i < g->inner; ++i) {
            const int first = o * g->length * g->inner + i;
            row_backward(g, in[GLI_SOFTMAX_BACKWARD_Y] + first, in[GLI_SOFTMAX_BACKWARD_DY] + first, out[0] + first);
        }
}

GLI_REF_PROVIDER(softmax, softmax);
GLI_REF_PROVIDER(softmax_backward, softmax_backward);
