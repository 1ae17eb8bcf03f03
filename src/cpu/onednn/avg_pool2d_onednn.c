#include "ops/pool/pool2d_geom.h"

#include "core/provider.h"
#include "cpu/onednn/onednn.h"

/* oneDNN always divides by the whole window, Glia by the part of it inside the padded image. */
static const char *decline(const gli_call *call) {
    const gli_pool2d_geom *g = call->geom;
    const bool past          = (g->p - 1) * g->stride_h + g->r > g->h + g->pad_h + g->pad_h_end ||
                      (g->q - 1) * g->stride_w + g->s > g->w + g->pad_w + g->pad_w_end;
    return g->count_include_pad && past ? "a window reaches past the padded image" : gli_dnn_decline(call);
}

/* The padding at the end that makes the last window fit exactly, as ceil_mode needs; never below 0. */
static int end_of(int places, int stride, int window, int size, int pad) {
    const int end = (places - 1) * stride + window - size - pad;
    return end > 0 ? end : 0;
}

/* Adaptive windows that divide the image evenly are ordinary ones. */
static const char *decline_adaptive(const gli_call *call) {
    const gli_pool2d_geom *g = call->geom;
    return g->h % g->p || g->w % g->q ? "its windows have several sizes" : gli_dnn_decline(call);
}

static gli_pool2d_geom windows_of(const gli_pool2d_geom *geom) {
    gli_pool2d_geom g = *geom;
    if (g.r == 0) g.r = g.stride_h = g.h / g.p;
    if (g.s == 0) g.s = g.stride_w = g.w / g.q;
    return g;
}

static gli_dnn_view image(gli_dnn_view view) {
    const bool channels_last = gli_dnn_lies_channels_last(&view);
    view.layout              = channels_last ? GLI_DNN_CHANNELS_LAST : GLI_DNN_AS_IT_LIES;
    return view;
}

static glia_status prepare_pooling(const gli_call *call, gli_dnn_pooling *pooling, gli_prepared *out) {
    const gli_pool2d_geom g = windows_of(call->geom);
    pooling->count_pad      = g.count_include_pad;
    pooling->window[0] = g.r, pooling->window[1] = g.s;
    pooling->stride[0] = g.stride_h, pooling->stride[1] = g.stride_w;
    pooling->pad[0] = g.pad_h, pooling->pad[1] = g.pad_w;
    pooling->pad_end[0] = end_of(g.p, g.stride_h, g.r, g.h, g.pad_h);
    pooling->pad_end[1] = end_of(g.q, g.stride_w, g.s, g.w, g.pad_w);
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_mean_pooling(dnn, pooling);
    return gli_dnn_end(dnn, out);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    gli_dnn_pooling pooling = {.x = image(gli_dnn_in(call, 0)), .y = image(gli_dnn_out(call, 0))};
    return prepare_pooling(call, &pooling, out);
}

static glia_status prepare_backward(const gli_call *call, gli_prepared *out) {
    gli_dnn_pooling pooling = {
        .backward = true, .x = image(gli_dnn_out(call, 0)), .y = image(gli_dnn_in(call, GLI_POOL_BACK_DY))};
    return prepare_pooling(call, &pooling, out);
}

GLI_DNN_PROVIDER(avg_pool2d, GLI_ACCEPTS_DNN, decline, prepare, gli_dnn_run);
GLI_DNN_PROVIDER(avg_pool2d_backward, GLI_ACCEPTS_DNN, decline, prepare_backward, gli_dnn_run);
GLI_DNN_PROVIDER(adaptive_avg_pool2d, GLI_ACCEPTS_DNN, decline_adaptive, prepare, gli_dnn_run);
GLI_DNN_PROVIDER(adaptive_avg_pool2d_backward, GLI_ACCEPTS_DNN, decline_adaptive, prepare_backward, gli_dnn_run);
