/* Adaptive windows that divide the image evenly are those of an ordinary pooling. */
#include "core/provider.h"
#include "cpu/onednn/pool2d_onednn.h"

static const char *decline(const gli_call *call) {
    const gli_pool_geom *g = call->geom;
    if (g->h % g->p || g->w % g->q) return "its windows have several sizes";
    return gli_dnn_is_long_window((int64_t)(g->h / g->p) * (g->w / g->q))
               ? "its f32 sums lose precision over so large a window"
               : NULL;
}

static gli_pool_geom even_windows(const gli_pool_geom *geom) {
    gli_pool_geom g = *geom;
    g.r = g.stride_h = g.h / g.p;
    g.s = g.stride_w = g.w / g.q;
    return g;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_pool_geom g = even_windows(call->geom);
    return gli_dnn_prepare_mean_pool(call, &g, out);
}

static glia_status prepare_backward(const gli_call *call, gli_prepared *out) {
    const gli_pool_geom g = even_windows(call->geom);
    return gli_dnn_prepare_mean_pool_backward(call, &g, out);
}

GLI_DNN_PROVIDER(adaptive_avg_pool2d, GLI_ACCEPTS_DNN, decline, prepare, gli_dnn_run_mean_pool);
GLI_DNN_PROVIDER(adaptive_avg_pool2d_backward, GLI_ACCEPTS_DNN, decline, prepare_backward, gli_dnn_run);
