/* reduce by its definition: an element of y is made of a set of elements of x. */
#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"
#include "ops/reduce/reduce_geom.h"

static double first(glia_reduce_kind kind) {
    return kind == GLIA_REDUCE_MAX ? -INFINITY : kind == GLIA_REDUCE_MIN ? INFINITY : 0;
}

static long double add(glia_reduce_kind kind, long double y, double x) {
    switch (kind) {
        case GLIA_REDUCE_SUM:
        case GLIA_REDUCE_MEAN: return y + x;
        case GLIA_REDUCE_MAX: return x > y || isnan(x) ? x : y;
        case GLIA_REDUCE_MIN: return x < y || isnan(x) ? x : y;
        case GLIA_REDUCE_L1: return y + fabs(x);
        case GLIA_REDUCE_L2: return y + (long double)x * x;
    }
    return NAN;
}

/* Row-major index in x of element j of those that are reduced to element k of y. */
static int element_of(const gli_reduce_geom *g, int k, int j) {
    int element = 0, step = 1;
    for (int d = g->ndim - 1; d >= 0; --d) {
        int *rest = g->reduced >> d & 1 ? &j : &k;
        element += *rest % g->dim[d] * step;
        *rest /= g->dim[d];
        step *= g->dim[d];
    }
    return element;
}

static void reduce(const void *geom, const double *const *in, double *const *out) {
    const gli_reduce_geom *g = geom;
    for (int k = 0; k < g->outputs; ++k) {
        long double y = first(g->kind);
        for (int j = 0; j < g->set; ++j) y = add(g->kind, y, in[GLI_REDUCE_X][element_of(g, k, j)]);
        if (g->kind == GLIA_REDUCE_MEAN) y /= g->set;
        if (g->kind == GLIA_REDUCE_L2) y = sqrtl(y);
        out[0][k] = (double)y;
    }
}

/* The number of elements of x, of those that are reduced to element k of y, that are equal to it. */
static int ties(const gli_reduce_geom *g, const double *x, double y, int k) {
    int count = 0;
    for (int j = 0; j < g->set; ++j) count += x[element_of(g, k, j)] == y;
    return count;
}

static double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

static void reduce_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_reduce_geom *g = geom;
    const double *x = in[GLI_REDUCE_BACKWARD_X], *y = in[GLI_REDUCE_BACKWARD_Y], *dy = in[GLI_REDUCE_BACKWARD_DY];
    double *dx = out[0];
    for (int k = 0; k < g->outputs; ++k) {
        const int shared = g->kind == GLIA_REDUCE_MAX || g->kind == GLIA_REDUCE_MIN ? ties(g, x, y[k], k) : 1;
        for (int j = 0; j < g->set; ++j) {
            const int i = element_of(g, k, j);
            switch (g->kind) {
                case GLIA_REDUCE_SUM: dx[i] = dy[k]; break;
                case GLIA_REDUCE_MEAN: dx[i] = dy[k] / g->set; break;
                case GLIA_REDUCE_MAX:
                case GLIA_REDUCE_MIN: dx[i] = dy[k] * (x[i] == y[k]) / shared; break;
                case GLIA_REDUCE_L1: dx[i] = dy[k] * sign(x[i]); break;
                case GLIA_REDUCE_L2: dx[i] = y[k] == 0 ? 0 : dy[k] * (x[i] / y[k]); break;
            }
        }
    }
}

GLI_REF_PROVIDER(reduce, reduce);
GLI_REF_PROVIDER(reduce_backward, reduce_backward);
