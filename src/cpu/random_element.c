#include "cpu/random_element.h"

#include <math.h>

#include "core/philox.h"

/* From numbers 2k and 2k+1. */
static double normal(gli_random use, uint64_t k, int which) {
    double z[2];
    gli_normal_pair(gli_random_u32(use, 2 * k), gli_random_u32(use, 2 * k + 1), z);
    return z[which];
}

static double truncated(gli_random use, int i) {
    double z;
    do {
        ++use.step;
        z = normal(use, (uint64_t)i, 0);
    } while (fabs(z) > 2);
    return z;
}

double gli_random_element(const gli_random_fill_geom *g, int i) {
    const gli_random use = {.seed = g->seed, .stream = g->stream};
    switch (g->kind) {
        case GLIA_RANDOM_UNIFORM:
            return g->offset + g->scale * (double)gli_unit_float(gli_random_u32(use, (uint64_t)i));
        case GLIA_RANDOM_NORMAL: return g->offset + g->scale * normal(use, (uint64_t)i / 2, i % 2);
        case GLIA_RANDOM_TRUNCATED_NORMAL: return g->offset + g->scale * truncated(use, i);
    }
    return NAN;
}
