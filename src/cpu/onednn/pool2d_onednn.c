#include "cpu/onednn/pool2d_onednn.h"

#include "cpu/native/pool/mean_pool2d.h"

/* The padding at the end with which the last window fits exactly, as ceil_mode needs; never below 0. */
static int end_padding(int outputs, int stride, int window, int size, int pad) {
    const int end = (outputs - 1) * stride + window - size - pad;
    return end > 0 ? end : 0;
}

static gli_dnn_view image(gli_dnn_view view) {
    const bool channels_last = gli_dnn_is_channels_last(&view);
    view.layout              = channels_last ? GLI_DNN_CHANNELS_LAST : GLI_DNN_AS_IS;
    return view;
}

static glia_status prepare(const gli_call *call, const gli_pool_geom *g, gli_dnn_pooling *pooling, gli_prepared *out) {
    pooling->count_pad = g->count_include_pad;
    for (int i = 0; i < g->rank; ++i) {
        const int at        = gli_axis_place(g->rank, i);
        pooling->window[i]  = g->window[at];
        pooling->stride[i]  = g->stride[at];
        pooling->pad[i]     = g->pad[at];
        pooling->pad_end[i] = end_padding(g->out[at], g->stride[at], g->window[at], g->in[at], g->pad[at]);
    }
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_mean_pooling(dnn, pooling);
    return gli_dnn_end(dnn, out);
}

glia_status gli_dnn_prepare_mean_pool(const gli_call *call, const gli_pool_geom *g, gli_prepared *out) {
    gli_dnn_pooling pooling = {.x = image(gli_dnn_in(call, 0)), .y = image(gli_dnn_out(call, 0))};
    return prepare(call, g, &pooling, out);
}

glia_status gli_dnn_prepare_mean_pool_backward(const gli_call *call, const gli_pool_geom *g, gli_prepared *out) {
    gli_dnn_pooling pooling = {
        .backward = true, .x = image(gli_dnn_out(call, 0)), .y = image(gli_dnn_in(call, GLI_POOL_BACK_DY))};
    return prepare(call, g, &pooling, out);
}

glia_status gli_dnn_run_mean_pool(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    GLI_TRY(gli_dnn_run(call, prepared, workspace));
    gli_mend_means(call);
    return GLIA_OK;
}
