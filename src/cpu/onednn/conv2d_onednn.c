#include "ops/conv/conv2d_geom.h"

#include "core/size.h"
#include "cpu/native/column_sum.h"
#include "cpu/onednn/onednn.h"
#include "ops/conv/conv2d_transpose_geom.h"

static glia_dnn_convolution convolution(const glia_conv2d_geom *g, glia_dnn_convolving kind) {
    return (glia_dnn_convolution){.kind       = kind,
                                  .stride     = {g->stride_h, g->stride_w},
                                  .dilation   = {g->dilation_h, g->dilation_w},
                                  .pad        = {g->pad_h, g->pad_w},
                                  .pad_end    = {g->pad_h_end, g->pad_w_end},
                                  .activation = g->activation};
}

static glia_status prepare(const glia_call *call, const glia_dnn_convolution *conv, glia_prepared *out) {
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_convolution(dnn, conv);
    return glia_dnn_end(dnn, out);
}

static glia_status prepare_forward(const glia_call *call, glia_prepared *out) {
    const glia_conv2d_geom *g = call->geom;
    glia_dnn_convolution conv = convolution(g, GLIA_DNN_CONVOLUTION);
    conv.x                    = glia_dnn_image(glia_dnn_in(call, CONV2D_X));
    conv.w                    = glia_dnn_filters(glia_dnn_in(call, CONV2D_W), g->groups);
    conv.bias                 = glia_dnn_any(glia_dnn_in(call, CONV2D_BIAS));
    conv.y                    = glia_dnn_image(glia_dnn_out(call, 0));
    return prepare(call, &conv, out);
}

static glia_status prepare_data(const glia_call *call, glia_prepared *out) {
    const glia_conv2d_geom *g = call->geom;
    glia_dnn_convolution conv = convolution(g, GLIA_DNN_CONVOLUTION_BACKWARD_DATA);
    conv.x                    = glia_dnn_image(glia_dnn_out(call, 0));
    conv.w                    = glia_dnn_filters(glia_dnn_in(call, CONV2D_DATA_W), g->groups);
    conv.y                    = glia_dnn_image(glia_dnn_in(call, CONV2D_DATA_DY));
    return prepare(call, &conv, out);
}

/* Where the channels of dy are innermost, oneDNN's own gradient of the bias costs more than a sum over the columns. */
static bool sums_columns(const glia_call *call) {
    const glia_dnn_view dy = glia_dnn_in(call, CONV2D_FILTER_DY);
    return call->out[CONV2D_FILTER_DBIAS] && glia_dnn_lies_channels_last(&dy);
}

static glia_status prepare_filter(const glia_call *call, glia_prepared *out) {
    const glia_conv2d_geom *g = call->geom;
    glia_dnn_convolution conv = convolution(g, GLIA_DNN_CONVOLUTION_BACKWARD_WEIGHTS);
    conv.x                    = glia_dnn_image(glia_dnn_in(call, CONV2D_FILTER_X));
    conv.w                    = glia_dnn_filters(glia_dnn_out(call, CONV2D_FILTER_DW), g->groups);
    conv.y                    = glia_dnn_image(glia_dnn_in(call, CONV2D_FILTER_DY));
    if (!sums_columns(call)) conv.bias = glia_dnn_any(glia_dnn_out(call, CONV2D_FILTER_DBIAS));
    GLIA_TRY(prepare(call, &conv, out));
    if (sums_columns(call)) {
        const size_t bytes = glia_column_sum_workspace((int64_t)g->n * g->p * g->q, g->k);
        out->workspace     = bytes > out->workspace ? bytes : out->workspace;
    }
    return GLIA_OK;
}

static glia_status run_filter(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    const glia_conv2d_geom *g = call->geom;
    const glia_tensor *dbias  = call->out[CONV2D_FILTER_DBIAS];
    GLIA_TRY(glia_dnn_run(call, prepared, workspace));
    const glia_column_matrix dy = {.data          = call->in[CONV2D_FILTER_DY]->data,
                                   .rows          = (int64_t)g->n * g->p * g->q,
                                   .columns       = g->k,
                                   .row_stride    = g->k,
                                   .column_stride = 1};
    if (sums_columns(call)) glia_column_sum(call->ctx, &dy, dbias->data, dbias->stride[0], workspace);
    return GLIA_OK;
}

/* The transposed convolution's filters are [C,K/G,R,S], and oneDNN's [G,K/G,C/G,R,S]. */
static glia_dnn_view transposed_filters(glia_dnn_view w, const glia_conv2d_geom *g) {
    w           = glia_dnn_filters(w, g->groups);
    const int k = w.ndim - 4, c = w.ndim - 3;
    const int64_t dim = w.dim[k], stride = w.stride[k];
    w.dim[k] = w.dim[c], w.stride[k] = w.stride[c];
    w.dim[c] = dim, w.stride[c] = stride;
    return w;
}

static glia_status prepare_transpose(const glia_call *call, glia_prepared *out) {
    const glia_conv2d_geom *g = call->geom;
    glia_dnn_convolution conv = convolution(g, GLIA_DNN_CONVOLUTION_TRANSPOSED);
    conv.x                    = glia_dnn_image(glia_dnn_in(call, CONV2D_TRANSPOSE_X));
    conv.w                    = transposed_filters(glia_dnn_in(call, CONV2D_TRANSPOSE_W), g);
    conv.bias                 = glia_dnn_any(glia_dnn_in(call, CONV2D_TRANSPOSE_BIAS));
    conv.y                    = glia_dnn_image(glia_dnn_out(call, 0));
    return prepare(call, &conv, out);
}

GLIA_DNN_PROVIDER(conv2d, glia_dnn_decline, prepare_forward, glia_dnn_run);
GLIA_DNN_PROVIDER(conv2d_backward_data, glia_dnn_decline, prepare_data, glia_dnn_run);
GLIA_DNN_PROVIDER(conv2d_backward_filter, glia_dnn_decline, prepare_filter, run_filter);
GLIA_DNN_PROVIDER(conv2d_transpose, glia_dnn_decline, prepare_transpose, glia_dnn_run);
