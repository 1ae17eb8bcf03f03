/* reduce by its definition: each element of x is added to an element of y. */
#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"
#include "ops/reduce/reduce_geom.h"

/* Row-major index of the element of y to which element i of x is added. */
static int output_of(const gli_reduce_geom *g, int i) {
    int output = 0, step = 1;
    for (int d = g->ndim - 1; d >= 0; --d) {
        const int index = i % g->dim[d];
        i /= g->dim[d];
        if (g->reduced >> d & 1) continue;
        output += index * step;
        step *= g->dim[d];
    }
    return output;
}

static double first(glia_reduce_kind kind) {
    return kind == GLIA_REDUCE_MAX ? -INFINITY : kind == GLIA_REDUCE_MIN ? INFINITY : 0;
}

static double add(glia_reduce_kind kind, double y, double x) {
    switch (kind) {
        case GLIA_REDUCE_SUM:
        case GLIA_REDUCE_MEAN: return y + x;
        case GLIA_REDUCE_MAX: return x > y || isnan(x) ? x : y;
        case GLIA_REDUCE_MIN: return x < y || isnan(x) ? x : y;
        case GLIA_REDUCE_L1: return y + fabs(x);
        case GLIA_REDUCE_L2: return y + x * x;
    }
    return NAN;
}

static void reduce(const void *geom, const double *const *in, double *const *out) {
    const gli_reduce_geom *g = geom;
    double *y                = out[0];
    for (int k = 0; k < g->outputs; ++k) y[k] = first(g->kind);
    for (int i = 0; i < g->count; ++i) {
        const int k = output_of(g, i);
        y[k]        = add(g->kind, y[k], in[GLI_REDUCE_X][i]);
    }
    for (int k = 0; k < g->outputs; ++k) {
        if (g->kind == GLIA_REDUCE_MEAN) y[k] /= g->set;
        if (g->kind == GLIA_REDUCE_L2) y[k] = sqrt(y[k]);
    }
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
