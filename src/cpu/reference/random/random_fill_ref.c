#include "cpu/random_element.h"
#include "cpu/reference/ref.h"

static void random_fill(const void *geom, const double *const *in, double *const *out) {
    const gli_random_fill_geom *g = geom;
    (void)in;
    for (int i = 0; i < g->count; ++i) out[0][i] = gli_random_element(g, i);
}

GLI_REF_PROVIDER(random_fill, random_fill);
