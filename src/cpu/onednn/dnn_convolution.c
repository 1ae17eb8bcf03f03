#include "cpu/onednn/dnn_list.h"

typedef struct descriptors {
    dnnl_memory_desc_t x, w, bias, y;
} descriptors;

static dnnl_status_t init(dnnl_convolution_desc_t *desc, const gli_dnn_convolution *c, gli_dnn_convolution_kind kind,
                          const descriptors *md) {
    const dnnl_dims_t stride = {c->stride[0], c->stride[1]}, dilation = {c->dilation[0] - 1, c->dilation[1] - 1};
    const dnnl_dims_t pad = {c->pad[0], c->pad[1]}, pad_end = {c->pad_end[0], c->pad_end[1]};
    switch (kind) {
        case GLI_DNN_CONVOLUTION:
            return dnnl_dilated_convolution_forward_desc_init(desc, dnnl_forward_training, dnnl_convolution_direct,
                                                              &md->x, &md->w, &md->bias, &md->y, stride, dilation, pad,
                                                              pad_end);
        case GLI_DNN_CONVOLUTION_BACKWARD_DATA:
            return dnnl_dilated_convolution_backward_data_desc_init(desc, dnnl_convolution_direct, &md->x, &md->w,
                                                                    &md->y, stride, dilation, pad, pad_end);
        case GLI_DNN_CONVOLUTION_TRANSPOSED:
            return dnnl_dilated_deconvolution_forward_desc_init(desc, dnnl_forward_training, dnnl_deconvolution_direct,
                                                                &md->x, &md->w, &md->bias, &md->y, stride, dilation,
                                                                pad, pad_end);
        default:
            return dnnl_dilated_convolution_backward_weights_desc_init(
                desc, dnnl_convolution_direct, &md->x, &md->w, &md->bias, &md->y, stride, dilation, pad, pad_end);
    }
}

/* A backward primitive asks for a forward one of the same sizes; any implementation of it will do. */
static dnnl_primitive_desc_t forward_hint(gli_dnn *dnn, const gli_dnn_convolution *c, const descriptors *md) {
    dnnl_convolution_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    if (gli_dnn_check(dnn, init(&desc, c, GLI_DNN_CONVOLUTION, md), "the forward convolution"))
        gli_dnn_check(dnn, dnnl_primitive_desc_create(&pd, &desc, NULL, dnn->engine, NULL), "the forward convolution");
    return pd;
}

static const struct {
    const char *what;
    int x, w, bias, y;
} ids[] = {
    {"a convolution", DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
    {"a convolution backward data", DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, 0, DNNL_ARG_DIFF_DST},
    {"a convolution backward weights", DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST},
    {"a transposed convolution", DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
};

static dnnl_primitive_desc_t create_pd(gli_dnn *dnn, const gli_dnn_convolution *c, bool no_gemm) {
    const char *what = ids[c->kind].what;
    const bool backward =
        c->kind == GLI_DNN_CONVOLUTION_BACKWARD_DATA || c->kind == GLI_DNN_CONVOLUTION_BACKWARD_WEIGHTS;
    const gli_dnn_attributes attributes = {.alpha = 1, .activation = c->activation, .no_gemm = no_gemm};
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    dnnl_convolution_desc_t desc;
    descriptors md;
    if (!gli_dnn_request(dnn, &c->x, &md.x) || !gli_dnn_request(dnn, &c->w, &md.w) ||
        !gli_dnn_request(dnn, &c->bias, &md.bias) || !gli_dnn_request(dnn, &c->y, &md.y))
        return NULL;
    if (backward) hint = forward_hint(dnn, c, &md);
    if (gli_dnn_check(dnn, init(&desc, c, c->kind, &md), what))
        pd = gli_dnn_create_pd(dnn, &desc, &attributes, hint, what);
    dnnl_primitive_desc_destroy(hint);
    return pd;
}

/* Images that are not channels last are reordered into the primitive's own layout, which costs less than into channels
 * last; but only from there is every convolution fast, and every transposed one faster. An image that is both, with a
 * single channel or pixel, follows the other one: oneDNN has nothing fast for a mixture. */
void gli_dnn_add_convolution(gli_dnn *dnn, const gli_dnn_convolution *conv) {
    gli_dnn_convolution c = *conv;
    if (dnn->status != GLIA_OK) return;
    dnn->relu = c.activation == GLIA_UNARY_RELU;
    if (c.kind == GLI_DNN_CONVOLUTION_TRANSPOSED) c.x.layout = c.y.layout = GLI_DNN_CHANNELS_LAST;
    const bool any = c.x.layout == GLI_DNN_ANY || c.y.layout == GLI_DNN_ANY;
    if (any && gli_dnn_is_row_major(&c.x)) c.x.layout = GLI_DNN_ANY;
    if (any && gli_dnn_is_row_major(&c.y)) c.y.layout = GLI_DNN_ANY;
    dnnl_primitive_desc_t pd = create_pd(dnn, &c, any);
    if (any && dnn->status == GLIA_UNSUPPORTED) {
        dnn->status = GLIA_OK;
        c.x.layout = c.y.layout = GLI_DNN_CHANNELS_LAST;
        pd                      = create_pd(dnn, &c, false);
    }
    gli_dnn_add_primitive(
        dnn, pd, ids[c.kind].what, 4,
        (gli_dnn_tensor[]){
            {ids[c.kind].x, &c.x}, {ids[c.kind].w, &c.w}, {ids[c.kind].bias, &c.bias}, {ids[c.kind].y, &c.y}});
}
