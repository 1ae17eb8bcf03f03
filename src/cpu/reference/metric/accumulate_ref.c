#include "ops/metric/accumulate_geom.h"

#include "cpu/reference/ref.h"

static void accumulate(const void *geom, const double *const *in, double *const *out) {
    const double weight = ((const glia_accumulate_geom *)geom)->weight;
    out[0][0]           = in[ACCUMULATE_SUMS][0] + in[ACCUMULATE_VALUE][0] * weight;
    out[0][1]           = in[ACCUMULATE_SUMS][1] + weight;
}

GLIA_REF_PROVIDER(accumulate, accumulate);
