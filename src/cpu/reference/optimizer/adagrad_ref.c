#include "ops/optimizer/adagrad_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/optimizer/keep.h"
#include "cpu/reference/ref.h"

static void step(const void *geom, const double *const *in, double *const *out) {
    const gli_adagrad_geom *g = geom;
    if (gli_ref_skips(in[GLI_ADAGRAD_SKIP])) {
        gli_ref_keep(g->count, in[GLI_ADAGRAD_PARAM], out[GLI_ADAGRAD_NEW_PARAM]);
        gli_ref_keep(g->count, in[GLI_ADAGRAD_SUM], out[GLI_ADAGRAD_NEW_SUM]);
        return;
    }
    for (int64_t i = 0; i < g->count; ++i) {
        const double param = in[GLI_ADAGRAD_PARAM][i], sign = (param > 0) - (param < 0);
        const double grad             = in[GLI_ADAGRAD_GRAD][i] + g->weight_decay * param + g->l1 * sign;
        const long double sum         = in[GLI_ADAGRAD_SUM][i] + (long double)grad * grad;
        const double step             = (double)(in[GLI_ADAGRAD_RATE][0] * grad / (sqrtl(sum) + g->epsilon));
        out[GLI_ADAGRAD_NEW_SUM][i]   = (double)sum;
        out[GLI_ADAGRAD_NEW_PARAM][i] = param - step;
    }
}

static void adagrad(const void *geom, const double *const *in, double *const *out) {
    step(geom, in, out);
    gli_ref_keep(((const gli_adagrad_geom *)geom)->count, out[GLI_ADAGRAD_NEW_PARAM], out[GLI_ADAGRAD_NEW_HALF]);
}

GLI_REF_PROVIDER(adagrad, adagrad);
