#include "core/provider.h"
#include "cpu/onednn/pool2d_onednn.h"

/* oneDNN always divides by the whole window, Glia by the part of it inside the padded image. */
static const char *decline(const gli_call *call) {
    const gli_pool_geom *g = call->geom;
    bool beyond            = false;
    for (int i = 0; i < GLI_AXES; ++i)
        beyond = beyond || (g->out[i] - 1) * g->stride[i] + g->window[i] > g->in[i] + g->pad[i] + g->pad_end[i];
    if (g->count_include_pad && beyond) return "a window extends past the padded image";
    return gli_dnn_is_long_window((int64_t)g->t * g->r * g->s) ? "its f32 sums lose precision over so large a window"
                                                               : NULL;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    return gli_dnn_prepare_mean_pool(call, call->geom, out);
}

static glia_status prepare_backward(const gli_call *call, gli_prepared *out) {
    return gli_dnn_prepare_mean_pool_backward(call, call->geom, out);
}

GLI_DNN_PROVIDER(avg_pool2d, GLI_ACCEPTS_DNN, decline, prepare, gli_dnn_run_mean_pool);
GLI_DNN_PROVIDER(avg_pool2d_backward, GLI_ACCEPTS_DNN, decline, prepare_backward, gli_dnn_run);

GLI_DNN_PROVIDER(avg_pool3d, GLI_ACCEPTS_DNN, decline, prepare, gli_dnn_run_mean_pool);
GLI_DNN_PROVIDER(avg_pool3d_backward, GLI_ACCEPTS_DNN, decline, prepare_backward, gli_dnn_run);
