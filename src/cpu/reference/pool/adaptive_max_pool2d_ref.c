#include "core/provider.h"
#include "cpu/reference/pool/pool_ref.h"
#include "cpu/reference/ref.h"

static void adaptive_max_pool2d(const void *geom, const double *const *in, double *const *out) {
    const gli_pool_geom *g = geom;
    const int64_t channels = (int64_t)g->n * g->c;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q) {
                const gli_ref_pool_window w = gli_ref_adaptive_window(g, 0, p, q);
                gli_ref_pool_max max        = GLI_REF_POOL_EMPTY;
                for (int64_t row = w.axis[1].first; row < w.axis[1].last; ++row)
                    for (int64_t column = w.axis[2].first; column < w.axis[2].last; ++column)
                        gli_ref_pool_max_add(&max, in[0][(channel * g->h + row) * g->w + column], row * g->w + column);
                gli_ref_pool_max_store(out, (channel * g->p + p) * g->q + q, max);
            }
}

GLI_REF_PROVIDER(adaptive_max_pool2d, adaptive_max_pool2d);
