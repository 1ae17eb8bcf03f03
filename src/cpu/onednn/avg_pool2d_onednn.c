#include "ops/pool/pool2d_geom.h"

#include "cpu/onednn/onednn.h"

/* oneDNN always divides by the whole window, Glia by the part of it inside the padded image. */
static const char *decline(const glia_call *call) {
    const glia_pool2d_geom *g = call->geom;
    const bool past           = (g->p - 1) * g->stride_h + g->r > g->h + g->pad_h + g->pad_h_end ||
                      (g->q - 1) * g->stride_w + g->s > g->w + g->pad_w + g->pad_w_end;
    return g->count_include_pad && past ? "a window reaches past the padded image" : glia_dnn_decline(call);
}

/* The padding at the end that makes the last window fit exactly, as ceil_mode needs; never below 0. */
static int end_of(int places, int stride, int window, int size, int pad) {
    const int end = (places - 1) * stride + window - size - pad;
    return end > 0 ? end : 0;
}

/* Adaptive windows that divide the image evenly are ordinary ones. */
static const char *decline_adaptive(const glia_call *call) {
    const glia_pool2d_geom *g = call->geom;
    return g->h % g->p || g->w % g->q ? "its windows have several sizes" : glia_dnn_decline(call);
}

static glia_pool2d_geom windows_of(const glia_pool2d_geom *geom) {
    glia_pool2d_geom g = *geom;
    if (g.r == 0) g.r = g.stride_h = g.h / g.p;
    if (g.s == 0) g.s = g.stride_w = g.w / g.q;
    return g;
}

static glia_dnn_view image(glia_dnn_view view) {
    const bool channels_last = glia_dnn_lies_channels_last(&view);
    view.layout              = channels_last ? GLIA_DNN_CHANNELS_LAST : GLIA_DNN_AS_IT_LIES;
    return view;
}

static glia_status prepare_pooling(const glia_call *call, glia_dnn_pooling *pooling, glia_prepared *out) {
    const glia_pool2d_geom g = windows_of(call->geom);
    pooling->count_pad       = g.count_include_pad;
    pooling->window[0] = g.r, pooling->window[1] = g.s;
    pooling->stride[0] = g.stride_h, pooling->stride[1] = g.stride_w;
    pooling->pad[0] = g.pad_h, pooling->pad[1] = g.pad_w;
    pooling->pad_end[0] = end_of(g.p, g.stride_h, g.r, g.h, g.pad_h);
    pooling->pad_end[1] = end_of(g.q, g.stride_w, g.s, g.w, g.pad_w);
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_mean_pooling(dnn, pooling);
    return glia_dnn_end(dnn, out);
}

static glia_status prepare(const glia_call *call, glia_prepared *out) {
    glia_dnn_pooling pooling = {.x = image(glia_dnn_in(call, 0)), .y = image(glia_dnn_out(call, 0))};
    return prepare_pooling(call, &pooling, out);
}

static glia_status prepare_backward(const glia_call *call, glia_prepared *out) {
    glia_dnn_pooling pooling = {
        .backward = true, .x = image(glia_dnn_out(call, 0)), .y = image(glia_dnn_in(call, POOL_BACK_DY))};
    return prepare_pooling(call, &pooling, out);
}

GLIA_DNN_PROVIDER(avg_pool2d, decline, prepare, glia_dnn_run);
GLIA_DNN_PROVIDER(avg_pool2d_backward, decline, prepare_backward, glia_dnn_run);
GLIA_DNN_PROVIDER(adaptive_avg_pool2d, decline_adaptive, prepare, glia_dnn_run);
GLIA_DNN_PROVIDER(adaptive_avg_pool2d_backward, decline_adaptive, prepare_backward, glia_dnn_run);
