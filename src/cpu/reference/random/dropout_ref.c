#include "ops/random/dropout_geom.h"

#include "core/philox.h"
#include "cpu/reference/ref.h"

static void dropout(const void *geom, const double *const *in, double *const *out) {
    const glia_dropout_geom *g = geom;
    const uint32_t step        = in[DROPOUT_STEP] ? (uint32_t)(int64_t)in[DROPOUT_STEP][0] : 0;
    const glia_random use      = {.seed = g->seed, .stream = g->stream, .step = step};
    for (int i = 0; i < g->count; ++i)
        out[0][i] = glia_random_u32(use, (uint64_t)i) >= g->threshold ? in[DROPOUT_X][i] * g->scale : 0;
}

GLIA_REF_PROVIDER(dropout, dropout);
