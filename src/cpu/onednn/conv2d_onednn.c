#include "cpu/onednn/conv2d_onednn.h"

#include "core/provider.h"
#include "core/size.h"
#include "cpu/native/column_sum.h"

/* oneDNN 2 takes about 10 us of preparing for each padded column; all versions add up the products of one result, or of
 * one image, in a float. */
static const char *decline_sum(const gli_conv_geom *g, int64_t products) {
    enum { MAX_PAD = 1 << 14, MAX_PRODUCTS = 1 << 16 };
    if (g->pad_w > MAX_PAD || g->pad_w_end > MAX_PAD) return "its images are padded by more than 16384 columns";
    return products > MAX_PRODUCTS ? "its f32 sums lose precision over more than 65536 products" : NULL;
}

static int64_t product(const int axes[GLI_AXES]) { return (int64_t)axes[0] * axes[1] * axes[2]; }

static const char *decline(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    return decline_sum(g, g->c / g->groups * product(g->window));
}

static const char *decline_data(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    return decline_sum(g, g->k / g->groups * product(g->window));
}

static const char *decline_filter(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    return decline_sum(g, product(g->out));
}

gli_dnn_convolution gli_dnn_convolution_of(const gli_conv_geom *g, gli_dnn_convolution_kind kind) {
    gli_dnn_convolution conv = {.kind = kind, .activation = g->activation};
    for (int i = 0; i < g->rank; ++i) {
        const int axis   = GLI_AXES - g->rank + i;
        conv.stride[i]   = g->stride[axis];
        conv.dilation[i] = g->dilation[axis];
        conv.pad[i]      = g->pad[axis];
        conv.pad_end[i]  = g->pad_end[axis];
    }
    return conv;
}

glia_status gli_dnn_prepare_convolution(const gli_call *call, const gli_dnn_convolution *conv, gli_prepared *out) {
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_convolution(dnn, conv);
    return gli_dnn_end(dnn, out);
}

static glia_status prepare_forward(const gli_call *call, gli_prepared *out) {
    const gli_conv_geom *g   = call->geom;
    gli_dnn_convolution conv = gli_dnn_convolution_of(g, GLI_DNN_CONVOLUTION);
    conv.x                   = gli_dnn_image(gli_dnn_in(call, GLI_CONV_X));
    conv.w                   = gli_dnn_filters(gli_dnn_in(call, GLI_CONV_W), g->groups);
    conv.bias                = gli_dnn_any(gli_dnn_in(call, GLI_CONV_BIAS));
    conv.y                   = gli_dnn_image(gli_dnn_out(call, 0));
    return gli_dnn_prepare_convolution(call, &conv, out);
}

static glia_status prepare_data(const gli_call *call, gli_prepared *out) {
    const gli_conv_geom *g   = call->geom;
    gli_dnn_convolution conv = gli_dnn_convolution_of(g, GLI_DNN_CONVOLUTION_BACKWARD_DATA);
    conv.x                   = gli_dnn_image(gli_dnn_out(call, 0));
    conv.w                   = gli_dnn_filters(gli_dnn_in(call, GLI_CONV_DATA_W), g->groups);
    conv.y                   = gli_dnn_image(gli_dnn_in(call, GLI_CONV_DATA_DY));
    return gli_dnn_prepare_convolution(call, &conv, out);
}

/* Where the channels of dy are innermost, oneDNN's own gradient of the bias costs more than a sum over the columns. */
static bool sums_columns(const gli_call *call) {
    const gli_dnn_view dy = gli_dnn_in(call, GLI_CONV_FILTER_DY);
    return call->out[GLI_CONV_FILTER_DBIAS] && gli_dnn_is_channels_last(&dy);
}

static glia_status prepare_filter(const gli_call *call, gli_prepared *out) {
    const gli_conv_geom *g   = call->geom;
    gli_dnn_convolution conv = gli_dnn_convolution_of(g, GLI_DNN_CONVOLUTION_BACKWARD_WEIGHTS);
    conv.x                   = gli_dnn_image(gli_dnn_in(call, GLI_CONV_FILTER_X));
    conv.w                   = gli_dnn_filters(gli_dnn_out(call, GLI_CONV_FILTER_DW), g->groups);
    conv.y                   = gli_dnn_image(gli_dnn_in(call, GLI_CONV_FILTER_DY));
    if (!sums_columns(call)) conv.bias = gli_dnn_any(gli_dnn_out(call, GLI_CONV_FILTER_DBIAS));
    GLI_TRY(gli_dnn_prepare_convolution(call, &conv, out));
    if (sums_columns(call)) {
        const size_t bytes = gli_column_sum_workspace(g->n * product(g->out), g->k);
        out->workspace     = bytes > out->workspace ? bytes : out->workspace;
    }
    return GLIA_OK;
}

static glia_status run_filter(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_conv_geom *g   = call->geom;
    const glia_tensor *dbias = call->out[GLI_CONV_FILTER_DBIAS];
    GLI_TRY(gli_dnn_run(call, prepared, workspace));
    const gli_column_matrix dy = {.data          = call->in[GLI_CONV_FILTER_DY]->data,
                                  .rows          = g->n * product(g->out),
                                  .columns       = g->k,
                                  .row_stride    = g->k,
                                  .column_stride = 1};
    if (sums_columns(call)) gli_column_sum(call->ctx, &dy, dbias->data, dbias->stride[0], workspace);
    return GLIA_OK;
}

GLI_DNN_PROVIDER(conv2d, GLI_ACCEPTS_DNN, decline, prepare_forward, gli_dnn_run);
GLI_DNN_PROVIDER(conv2d_backward_data, GLI_ACCEPTS_DNN, decline_data, prepare_data, gli_dnn_run);
GLI_DNN_PROVIDER(conv2d_backward_filter, GLI_ACCEPTS_DNN, decline_filter, prepare_filter, run_filter);

GLI_DNN_PROVIDER(conv3d, GLI_ACCEPTS_DNN, decline, prepare_forward, gli_dnn_run);
GLI_DNN_PROVIDER(conv3d_backward_data, GLI_ACCEPTS_DNN, decline_data, prepare_data, gli_dnn_run);
GLI_DNN_PROVIDER(conv3d_backward_filter, GLI_ACCEPTS_DNN, decline_filter, prepare_filter, run_filter);
