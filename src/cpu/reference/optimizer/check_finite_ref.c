#include "ops/optimizer/check_finite_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"

static bool all_finite(const double *x, int count) {
    for (int i = 0; i < count; ++i)
        if (!isfinite(x[i])) return false;
    return true;
}

static void check_finite(const void *geom, const double *const *in, double *const *out) {
    const gli_check_finite_geom *g = geom;
    const double failed            = in[GLI_CHECK_FINITE_FAILED][0];
    const bool finite =
        all_finite(in[GLI_CHECK_FINITE_X], g->x_count) && all_finite(in[GLI_CHECK_FINITE_Y], g->y_count);
    out[0][0] = failed != 0 ? failed : finite ? 0 : in[GLI_CHECK_FINITE_STEP][0];
}

GLI_REF_PROVIDER(check_finite, check_finite);
