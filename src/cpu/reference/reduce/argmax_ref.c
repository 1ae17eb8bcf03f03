#include "ops/reduce/argmax_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"

static void argmax(const void *geom, const double *const *in, double *const *out) {
    const gli_argmax_geom *g = geom;
    for (int o = 0; o < g->outer; ++o)
        for (int i = 0; i < g->inner; ++i) {
            const double *x = in[0] + o * g->length * g->inner + i;
            int best        = 0;
            for (int k = 1; k < g->length; ++k)
                if (x[k * g->inner] > x[best * g->inner] || (isnan(x[k * g->inner]) && !isnan(x[best * g->inner])))
                    best = k;
            out[0][o * g->inner + i] = best;
        }
}

GLI_REF_PROVIDER(argmax, argmax);
