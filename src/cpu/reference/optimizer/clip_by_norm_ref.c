#include "ops/optimizer/clip_by_norm_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"

static void clip_by_norm(const void *geom, const double *const *in, double *const *out) {
    const gli_clip_by_norm_geom *g = geom;
    long double sum                = 0;
    for (int64_t i = 0; i < g->count; ++i) sum += (long double)in[0][i] * in[0][i];
    const double norm = (double)sqrtl(sum), scale = g->max_norm / (norm + GLI_CLIP_BY_NORM_EPSILON);
    for (int64_t i = 0; i < g->count; ++i) out[GLI_CLIP_BY_NORM_Y][i] = in[0][i] * (scale > 1 ? 1 : scale);
    if (out[GLI_CLIP_BY_NORM_NORM]) out[GLI_CLIP_BY_NORM_NORM][0] = norm;
}

GLI_REF_PROVIDER(clip_by_norm, clip_by_norm);
