#include "ops/reduce/topk_geom.h"

#include <math.h>

#include "core/provider.h"
#include "cpu/reference/ref.h"

static bool larger(double a, double b) { return a > b || (isnan(a) && !isnan(b)); }

/* Whether element i of a line comes before element k in the order of the results. */
static bool before(const gli_topk_geom *g, const double *line, int i, int k) {
    const double a = line[(int64_t)i * g->inner], b = line[(int64_t)k * g->inner];
    if (larger(a, b)) return !g->smallest;
    if (larger(b, a)) return g->smallest;
    return i < k;
}

/* The first of those that come after `last`, or of all where it is -1. */
static int next(const gli_topk_geom *g, const double *line, int last) {
    int best = -1;
    for (int i = 0; i < g->length; ++i)
        if ((last < 0 || before(g, line, last, i)) && (best < 0 || before(g, line, i, best))) best = i;
    return best;
}

static void topk(const void *geom, const double *const *in, double *const *out) {
    const gli_topk_geom *g = geom;
    for (int64_t n = 0; n < (int64_t)g->outer * g->inner; ++n) {
        const int64_t first = n / g->inner * g->length * g->inner + n % g->inner;
        int index           = -1;
        for (int rank = 0; rank < g->k; ++rank) {
            const int64_t to    = (n / g->inner * g->k + rank) * g->inner + n % g->inner;
            index               = next(g, in[0] + first, index);
            out[GLI_TOPK_Y][to] = in[0][first + (int64_t)index * g->inner];
            if (out[GLI_TOPK_INDICES]) out[GLI_TOPK_INDICES][to] = index;
            if (out[GLI_TOPK_POSITIONS]) out[GLI_TOPK_POSITIONS][to] = (double)(first + (int64_t)index * g->inner);
        }
    }
}

GLI_REF_PROVIDER(topk, topk);
