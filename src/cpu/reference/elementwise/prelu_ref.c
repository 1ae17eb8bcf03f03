#include "ops/elementwise/prelu_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref.h"

static void prelu(const void *geom, const double *const *in, double *const *out) {
    const gli_prelu_geom *g = geom;
    for (int i = 0; i < g->count; ++i) {
        const double x = in[GLI_PRELU_X][i];
        out[0][i]      = x > 0 ? x : in[GLI_PRELU_SLOPE][i / g->inner % g->channels] * x;
    }
}

static void prelu_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_prelu_geom *g = geom;
    const double *x = in[GLI_PRELU_X], *dy = in[GLI_PRELU_DY];
    for (int i = 0; out[GLI_PRELU_DX] && i < g->count; ++i)
        out[GLI_PRELU_DX][i] = x[i] > 0 ? dy[i] : in[GLI_PRELU_SLOPE][i / g->inner % g->channels] * dy[i];
    for (int c = 0; out[GLI_PRELU_DSLOPE] && c < g->channels; ++c) {
        long double sum = 0;
        for (int64_t first = (int64_t)c * g->inner; first < g->count; first += (int64_t)g->channels * g->inner)
            for (int64_t i = first; i < first + g->inner; ++i) sum += x[i] > 0 ? 0 : (long double)x[i] * dy[i];
        out[GLI_PRELU_DSLOPE][c] = (double)sum;
    }
}

GLI_REF_PROVIDER(prelu, prelu);
GLI_REF_PROVIDER(prelu_backward, prelu_backward);
