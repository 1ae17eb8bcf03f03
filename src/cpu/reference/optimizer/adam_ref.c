#include "ops/optimizer/adam_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/optimizer/keep.h"
#include "cpu/reference/ref.h"

static void step(const void *geom, const double *const *in, double *const *out) {
    const gli_adam_geom *g = geom;
    const double rate = in[GLI_ADAM_RATE][0], t = in[GLI_ADAM_STEP][0];
    if (gli_ref_skips(in[GLI_ADAM_SKIP])) {
        gli_ref_keep(g->count, in[GLI_ADAM_PARAM], out[GLI_ADAM_NEW_PARAM]);
        gli_ref_keep(g->count, in[GLI_ADAM_M], out[GLI_ADAM_NEW_M]);
        gli_ref_keep(g->count, in[GLI_ADAM_V], out[GLI_ADAM_NEW_V]);
        return;
    }
    for (int64_t i = 0; i < g->count; ++i) {
        const double param = in[GLI_ADAM_PARAM][i], sign = (param > 0) - (param < 0);
        const double grad    = in[GLI_ADAM_GRAD][i] + (g->decoupled ? 0 : g->weight_decay * param) + g->l1 * sign;
        const double decayed = g->decoupled ? param * (1 - rate * g->weight_decay) : param;
        const double m       = g->beta1 * in[GLI_ADAM_M][i] + (1 - g->beta1) * grad;

        const long double v     = g->beta2 * in[GLI_ADAM_V][i] + (1 - g->beta2) * (long double)grad * grad;
        const long double m_hat = m / (1 - (long double)pow(g->beta1, t)), v_hat = v / (1 - pow(g->beta2, t));
        out[GLI_ADAM_NEW_PARAM][i] = decayed - (double)(rate * m_hat / (sqrtl(v_hat) + g->epsilon));
        out[GLI_ADAM_NEW_M][i]     = m;
        out[GLI_ADAM_NEW_V][i]     = (double)v;
    }
}

static void adam(const void *geom, const double *const *in, double *const *out) {
    step(geom, in, out);
    gli_ref_keep(((const gli_adam_geom *)geom)->count, out[GLI_ADAM_NEW_PARAM], out[GLI_ADAM_NEW_HALF]);
}

GLI_REF_PROVIDER(adam, adam);
