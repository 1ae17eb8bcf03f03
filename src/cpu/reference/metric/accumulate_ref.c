#include "ops/metric/accumulate_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref.h"

static void accumulate(const void *geom, const double *const *in, double *const *out) {
    const double weight = ((const gli_accumulate_geom *)geom)->weight;
    out[0][0]           = in[GLI_ACCUMULATE_SUMS][0] + in[GLI_ACCUMULATE_VALUE][0] * weight;
    out[0][1]           = in[GLI_ACCUMULATE_SUMS][1] + weight;
}

GLI_REF_PROVIDER(accumulate, accumulate);
