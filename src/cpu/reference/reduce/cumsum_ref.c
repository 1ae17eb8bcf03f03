#include "ops/reduce/cumsum_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref.h"

static void cumsum(const void *geom, const double *const *in, double *const *out) {
    const gli_cumsum_geom *g = geom;
    for (int64_t line = 0; line < (int64_t)g->outer * g->inner; ++line) {
        const int64_t first = line / g->inner * g->length * g->inner + line % g->inner;
        double sum          = 0;
        for (int i = 0; i < g->length; ++i) {
            const int64_t at = first + (int64_t)(g->reverse ? g->length - 1 - i : i) * g->inner;
            const double x   = in[0][at];
            out[0][at]       = g->exclusive ? sum : sum + x;
            sum += x;
        }
    }
}

GLI_REF_PROVIDER(cumsum, cumsum);
