#include "ops/elementwise/where_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref.h"

/* The element of an input that element i of y is computed from. */
static double element(const gli_where_geom *g, const double *const *in, int input, int i) {
    int index = 0, step = 1;
    for (int d = g->ndim - 1; d >= 0; --d) {
        const int here = i % g->dim[d];
        i /= g->dim[d];
        if (g->repeated[input] >> d & 1) continue;
        index += here * step;
        step *= g->dim[d];
    }
    return in[input][index];
}

static void where(const void *geom, const double *const *in, double *const *out) {
    const gli_where_geom *g = geom;
    for (int i = 0; i < g->count; ++i)
        out[0][i] = element(g, in, element(g, in, GLI_WHERE_CONDITION, i) != 0 ? GLI_WHERE_A : GLI_WHERE_B, i);
}

GLI_REF_PROVIDER(where, where);
