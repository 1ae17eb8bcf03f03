#include "ops/random/dropout_geom.h"

#include "core/philox.h"
#include "core/provider.h"
#include "cpu/reference/ref.h"

static void dropout(const void *geom, const double *const *in, double *const *out) {
    const gli_dropout_geom *g = geom;
    const uint32_t step       = in[GLI_DROPOUT_STEP] ? (uint32_t)(int64_t)in[GLI_DROPOUT_STEP][0] : 0;
    const gli_random use      = {.seed = g->seed, .stream = g->stream, .step = step};
    for (int i = 0; i < g->count; ++i)
        out[0][i] = gli_random_u32(use, (uint64_t)i) >= g->threshold ? in[GLI_DROPOUT_X][i] * g->scale : 0;
}

GLI_REF_PROVIDER(dropout, dropout);
