#include "ops/metric/accumulate_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref.h"

static double sum_of(const double *x, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += x[i];
    return sum;
}

static void accumulate(const void *geom, const double *const *in, double *const *out) {
    const gli_accumulate_geom *g = geom;
    const double *sums           = in[GLI_ACCUMULATE_SUMS];
    const double values          = sum_of(in[GLI_ACCUMULATE_VALUE], g->values);
    const double weights         = sum_of(in[GLI_ACCUMULATE_WEIGHT], g->weights);
    out[0][0]                    = sums[0] + g->factor * values;
    out[0][1]                    = sums[1] + (g->weights < 0 ? g->weight : weights);
}

GLI_REF_PROVIDER(accumulate, accumulate);
