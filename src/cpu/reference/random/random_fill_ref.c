#include "cpu/random_element.h"

#include <math.h>

#include "core/philox.h"
#include "cpu/reference/ref.h"

/* From numbers 2k and 2k+1. */
static double normal(glia_random use, uint64_t k, int which) {
    double z[2];
    glia_normal_pair(glia_random_u32(use, 2 * k), glia_random_u32(use, 2 * k + 1), z);
    return z[which];
}

static double truncated(glia_random use, int i) {
    double z;
    do {
        ++use.step;
        z = normal(use, (uint64_t)i, 0);
    } while (fabs(z) > 2);
    return z;
}

double glia_random_element(const glia_random_fill_geom *g, int i) {
    const glia_random use = {.seed = g->seed, .stream = g->stream};
    switch (g->kind) {
        case GLIA_UNIFORM: return g->offset + g->scale * (double)glia_unit_float(glia_random_u32(use, (uint64_t)i));
        case GLIA_NORMAL: return g->offset + g->scale * normal(use, (uint64_t)i / 2, i % 2);
        case GLIA_TRUNCATED_NORMAL: return g->offset + g->scale * truncated(use, i);
    }
    return NAN;
}

static void random_fill(const void *geom, const double *const *in, double *const *out) {
    const glia_random_fill_geom *g = geom;
    (void)in;
    for (int i = 0; i < g->count; ++i) out[0][i] = glia_random_element(g, i);
}

GLIA_REF_PROVIDER(random_fill, random_fill);
