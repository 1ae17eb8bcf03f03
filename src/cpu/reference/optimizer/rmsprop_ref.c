#include "ops/optimizer/rmsprop_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/optimizer/keep.h"
#include "cpu/reference/ref.h"

static void step(const void *geom, const double *const *in, double *const *out) {
    const gli_rmsprop_geom *g = geom;
    if (gli_ref_skips(in[GLI_RMSPROP_SKIP])) {
        gli_ref_keep(g->count, in[GLI_RMSPROP_PARAM], out[GLI_RMSPROP_NEW_PARAM]);
        gli_ref_keep(g->count, in[GLI_RMSPROP_SQUARE], out[GLI_RMSPROP_NEW_SQUARE]);
        gli_ref_keep(g->count, in[GLI_RMSPROP_VELOCITY], out[GLI_RMSPROP_NEW_VELOCITY]);
        gli_ref_keep(g->count, in[GLI_RMSPROP_MEAN], out[GLI_RMSPROP_NEW_MEAN]);
        return;
    }
    for (int64_t i = 0; i < g->count; ++i) {
        const double param = in[GLI_RMSPROP_PARAM][i], sign = (param > 0) - (param < 0);
        const double grad     = in[GLI_RMSPROP_GRAD][i] + g->weight_decay * param + g->l1 * sign;
        const double velocity = in[GLI_RMSPROP_VELOCITY] ? in[GLI_RMSPROP_VELOCITY][i] : 0;
        const double old_mean = in[GLI_RMSPROP_MEAN] ? in[GLI_RMSPROP_MEAN][i] : 0;
        const double mean     = g->alpha * old_mean + (1 - g->alpha) * grad;

        const long double square   = g->alpha * in[GLI_RMSPROP_SQUARE][i] + (1 - g->alpha) * (long double)grad * grad;
        const long double variance = g->centered && !isinf(square) ? square - (long double)mean * mean : square;
        const long double scale    = sqrtl(variance < 0 ? 0 : variance) + g->epsilon;
        const double moving        = (double)(g->momentum * velocity + grad / scale);

        out[GLI_RMSPROP_NEW_PARAM][i]  = param - in[GLI_RMSPROP_RATE][0] * moving;
        out[GLI_RMSPROP_NEW_SQUARE][i] = (double)square;
        if (out[GLI_RMSPROP_NEW_VELOCITY]) out[GLI_RMSPROP_NEW_VELOCITY][i] = moving;
        if (out[GLI_RMSPROP_NEW_MEAN]) out[GLI_RMSPROP_NEW_MEAN][i] = mean;
    }
}

static void rmsprop(const void *geom, const double *const *in, double *const *out) {
    step(geom, in, out);
    gli_ref_keep(((const gli_rmsprop_geom *)geom)->count, out[GLI_RMSPROP_NEW_PARAM], out[GLI_RMSPROP_NEW_HALF]);
}

GLI_REF_PROVIDER(rmsprop, rmsprop);
