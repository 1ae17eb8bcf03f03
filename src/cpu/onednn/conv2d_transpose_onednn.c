#include "core/provider.h"
#include "cpu/onednn/conv2d_onednn.h"
#include "ops/conv/conv2d_transpose_geom.h"

/* The filters are [C,K/G,R,S], and oneDNN's [G,K/G,C/G,R,S]. */
static gli_dnn_view transposed_filters(gli_dnn_view w, const gli_conv_geom *g) {
    w           = gli_dnn_filters(w, g->groups);
    const int k = w.ndim - 4, c = w.ndim - 3;
    const int64_t dim = w.dim[k], stride = w.stride[k];
    w.dim[k] = w.dim[c], w.stride[k] = w.stride[c];
    w.dim[c] = dim, w.stride[c] = stride;
    return w;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_conv_geom *g   = call->geom;
    gli_dnn_convolution conv = gli_dnn_convolution_of(g, GLI_DNN_CONVOLUTION_TRANSPOSED);
    conv.x                   = gli_dnn_image(gli_dnn_in(call, GLI_CONV2D_TRANSPOSE_X));
    conv.w                   = transposed_filters(gli_dnn_in(call, GLI_CONV2D_TRANSPOSE_W), g);
    conv.bias                = gli_dnn_any(gli_dnn_in(call, GLI_CONV2D_TRANSPOSE_BIAS));
    conv.y                   = gli_dnn_image(gli_dnn_out(call, 0));
    return gli_dnn_prepare_convolution(call, &conv, out);
}

GLI_DNN_PROVIDER(conv2d_transpose, GLI_ACCEPTS_DNN, NULL, prepare, gli_dnn_run);
