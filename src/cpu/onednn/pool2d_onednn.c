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

static glia_status prepare(const gli_call *call, const gli_pool2d_geom *g, gli_dnn_pooling *pooling,
                           gli_prepared *out) {
    pooling->count_pad = g->count_include_pad;
    pooling->window[0] = g->r, pooling->window[1] = g->s;
    pooling->stride[0] = g->stride_h, pooling->stride[1] = g->stride_w;
    pooling->pad[0] = g->pad_h, pooling->pad[1] = g->pad_w;
    pooling->pad_end[0] = end_padding(g->p, g->stride_h, g->r, g->h, g->pad_h);
    pooling->pad_end[1] = end_padding(g->q, g->stride_w, g->s, g->w, g->pad_w);
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_mean_pooling(dnn, pooling);
    return gli_dnn_end(dnn, out);
}

glia_status gli_dnn_prepare_mean_pool(const gli_call *call, const gli_pool2d_geom *g, gli_prepared *out) {
    gli_dnn_pooling pooling = {.x = image(gli_dnn_in(call, 0)), .y = image(gli_dnn_out(call, 0))};
    return prepare(call, g, &pooling, out);
}

glia_status gli_dnn_prepare_mean_pool_backward(const gli_call *call, const gli_pool2d_geom *g, gli_prepared *out) {
    gli_dnn_pooling pooling = {
        .backward = true, .x = image(gli_dnn_out(call, 0)), .y = image(gli_dnn_in(call, GLI_POOL_BACK_DY))};
    return prepare(call, g, &pooling, out);
}

glia_status gli_dnn_run_mean_pool(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    GLI_TRY(gli_dnn_run(call, prepared, workspace));
    gli_mend_means(call);
    return GLIA_OK;
}
