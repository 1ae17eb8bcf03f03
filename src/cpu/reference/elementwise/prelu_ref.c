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
    double *dslope          = out[GLI_PRELU_DSLOPE];
    for (int c = 0; dslope && c < g->channels; ++c) dslope[c] = 0;
    for (int i = 0; i < g->count; ++i) {
        const double x = in[GLI_PRELU_X][i], dy = in[GLI_PRELU_DY][i];
        const int c = i / g->inner % g->channels;
        if (out[GLI_PRELU_DX]) out[GLI_PRELU_DX][i] = x > 0 ? dy : in[GLI_PRELU_SLOPE][c] * dy;
        if (dslope && !(x > 0)) dslope[c] += x * dy;
    }
}

GLI_REF_PROVIDER(prelu, prelu);
GLI_REF_PROVIDER(prelu_backward, prelu_backward);
