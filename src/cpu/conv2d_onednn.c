#include "ops/conv2d.h"

#include "core/size.h"
#include "cpu/column_sum.h"
#include "cpu/onednn.h"

static glia_dnn_convolution convolution(const glia_conv2d_geom *g, glia_dnn_direction direction) {
    return (glia_dnn_convolution){.direction  = direction,
                                  .stride     = {g->stride_h, g->stride_w},
                                  .dilation   = {g->dilation_h, g->dilation_w},
                                  .pad        = {g->pad_h, g->pad_w},
                                  .pad_end    = {g->pad_h_end, g->pad_w_end},
                                  .activation = g->activation};
}

static glia_dnn_view any(glia_dnn_view view) {
    view.any = true;
    return view;
}

static glia_status prepare(const glia_call *call, const glia_dnn_convolution *conv, glia_prepared *out) {
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_convolution(dnn, conv);
    return glia_dnn_end(dnn, out);
}

static glia_status prepare_forward(const glia_call *call, glia_prepared *out) {
    const glia_conv2d_geom *g = call->geom;
    glia_dnn_convolution conv = convolution(g, GLIA_DNN_FORWARD);
    conv.x                    = glia_dnn_image(glia_dnn_in(call, CONV2D_X));
    conv.w                    = glia_dnn_filters(glia_dnn_in(call, CONV2D_W), g->groups);
    conv.bias                 = any(glia_dnn_in(call, CONV2D_BIAS));
    conv.y                    = glia_dnn_image(glia_dnn_out(call, 0));
    return prepare(call, &conv, out);
}

static glia_status prepare_data(const glia_call *call, glia_prepared *out) {
    const glia_conv2d_geom *g = call->geom;
    glia_dnn_convolution conv = convolution(g, GLIA_DNN_BACKWARD_DATA);
    conv.x                    = glia_dnn_image(glia_dnn_out(call, 0));
    conv.w                    = glia_dnn_filters(glia_dnn_in(call, CONV2D_DATA_W), g->groups);
    conv.y                    = glia_dnn_image(glia_dnn_in(call, CONV2D_DATA_DY));
    return prepare(call, &conv, out);
}

/* Where the channels of dy are innermost, oneDNN's own gradient of the bias costs more than a sum over the columns. */
static bool sums_columns(const glia_call *call) {
    return call->out[CONV2D_FILTER_DBIAS] && !glia_dnn_image(glia_dnn_in(call, CONV2D_FILTER_DY)).any;
}

static glia_status prepare_filter(const glia_call *call, glia_prepared *out) {
    const glia_conv2d_geom *g = call->geom;
    glia_dnn_convolution conv = convolution(g, GLIA_DNN_BACKWARD_WEIGHTS);
    conv.x                    = glia_dnn_image(glia_dnn_in(call, CONV2D_FILTER_X));
    conv.w                    = glia_dnn_filters(glia_dnn_out(call, CONV2D_FILTER_DW), g->groups);
    conv.y                    = glia_dnn_image(glia_dnn_in(call, CONV2D_FILTER_DY));
    if (!sums_columns(call)) conv.bias = any(glia_dnn_out(call, CONV2D_FILTER_DBIAS));
    GLIA_TRY(prepare(call, &conv, out));
    if (sums_columns(call)) {
        const size_t bytes = glia_column_sum_workspace((int64_t)g->n * g->p * g->q, g->k);
        out->workspace     = bytes > out->workspace ? bytes : out->workspace;
    }
    return GLIA_OK;
}

static glia_status run_filter(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    const glia_conv2d_geom *g = call->geom;
    GLIA_TRY(glia_dnn_run(call, prepared, workspace));
    const glia_tensor *dbias = call->out[CONV2D_FILTER_DBIAS];
    if (sums_columns(call))
        glia_column_sum(call->ctx, call->in[CONV2D_FILTER_DY]->data, (int64_t)g->n * g->p * g->q, g->k, dbias->data,
                        dbias->stride[0], workspace);
    return GLIA_OK;
}

const glia_provider glia_conv2d_onednn = {.name    = "cpu.onednn",
                                          .decline = glia_dnn_decline,
                                          .prepare = prepare_forward,
                                          .run     = glia_dnn_run,
                                          .release = glia_dnn_release};

const glia_provider glia_conv2d_backward_data_onednn = {.name    = "cpu.onednn",
                                                        .decline = glia_dnn_decline,
                                                        .prepare = prepare_data,
                                                        .run     = glia_dnn_run,
                                                        .release = glia_dnn_release};

const glia_provider glia_conv2d_backward_filter_onednn = {.name    = "cpu.onednn",
                                                          .decline = glia_dnn_decline,
                                                          .prepare = prepare_filter,
                                                          .run     = run_filter,
                                                          .release = glia_dnn_release};
