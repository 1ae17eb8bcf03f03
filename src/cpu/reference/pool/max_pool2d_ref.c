#include "core/provider.h"
#include "cpu/reference/pool/pool2d_ref.h"
#include "cpu/reference/ref.h"

static void max_pool2d(const void *geom, const double *const *in, double *const *out) {
    const gli_pool2d_geom *g = geom;
    const int64_t channels   = (int64_t)g->n * g->c;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int p = 0; p < g->p; ++p)
            for (int q = 0; q < g->q; ++q) {
                gli_ref_pool_max max = GLI_REF_POOL_EMPTY;
                for (int r = 0; r < g->r; ++r)
                    for (int s = 0; s < g->s; ++s) {
                        const int64_t row    = (int64_t)p * g->stride_h - g->pad_h + (int64_t)r * g->dilation_h;
                        const int64_t column = (int64_t)q * g->stride_w - g->pad_w + (int64_t)s * g->dilation_w;
                        if (row < 0 || row >= g->h || column < 0 || column >= g->w) continue;
                        gli_ref_pool_max_add(&max, in[0][(channel * g->h + row) * g->w + column], row * g->w + column);
                    }
                if (g->relu && max.value <= 0) max = (gli_ref_pool_max){0, -1};
                gli_ref_pool_max_store(out, (channel * g->p + p) * g->q + q, max);
            }
}

static void max_pool2d_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_pool2d_geom *g = geom;
    const int64_t channels = (int64_t)g->n * g->c, area = (int64_t)g->h * g->w, windows = (int64_t)g->p * g->q;
    for (int64_t i = 0; i < channels * area; ++i) out[0][i] = 0;
    for (int64_t i = 0; i < channels * windows; ++i) {
        const int64_t index = (int64_t)in[GLI_POOL_BACK_INDICES][i];
        if (index >= 0 && index < area) out[0][i / windows * area + index] += in[GLI_POOL_BACK_DY][i];
    }
}

GLI_REF_PROVIDER(max_pool2d, max_pool2d);
GLI_REF_PROVIDER(max_pool2d_backward, max_pool2d_backward);
