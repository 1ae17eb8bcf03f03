#include "ops/optimizer/sgd_geom.h"

#include "core/provider.h"
#include "cpu/reference/optimizer/keep.h"
#include "cpu/reference/ref.h"

static void step(const void *geom, const double *const *in, double *const *out) {
    const gli_sgd_geom *g = geom;
    const double rate     = in[GLI_SGD_RATE][0];
    if (gli_ref_skips(in[GLI_SGD_SKIP])) {
        gli_ref_keep(g->count, in[GLI_SGD_PARAM], out[GLI_SGD_NEW_PARAM]);
        gli_ref_keep(g->count, in[GLI_SGD_VELOCITY], out[GLI_SGD_NEW_VELOCITY]);
        return;
    }
    for (int64_t i = 0; i < g->count; ++i) {
        const double param = in[GLI_SGD_PARAM][i], sign = (param > 0) - (param < 0);
        const double grad         = in[GLI_SGD_GRAD][i] + g->weight_decay * param + g->l1 * sign;
        const double velocity     = in[GLI_SGD_VELOCITY] ? in[GLI_SGD_VELOCITY][i] : 0;
        const double moving       = g->momentum * velocity + (1 - g->dampening) * grad;
        out[GLI_SGD_NEW_PARAM][i] = param - rate * (g->nesterov ? grad + g->momentum * moving : moving);
        if (out[GLI_SGD_NEW_VELOCITY]) out[GLI_SGD_NEW_VELOCITY][i] = moving;
    }
}

static void sgd(const void *geom, const double *const *in, double *const *out) {
    step(geom, in, out);
    gli_ref_keep(((const gli_sgd_geom *)geom)->count, out[GLI_SGD_NEW_PARAM], out[GLI_SGD_NEW_HALF]);
}

GLI_REF_PROVIDER(sgd, sgd);
