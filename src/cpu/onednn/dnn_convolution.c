#include "cpu/onednn/dnn_list.h"

/* A convolution as oneDNN is told of it. */
typedef struct arguments {
    const_dnnl_memory_desc_t x, w, bias, y;
    dnnl_dims_t stride, dilation, pad, pad_end;
} arguments;

static arguments arguments_of(gli_dnn *dnn, const gli_dnn_convolution *c) {
    return (arguments){.x        = gli_dnn_request(dnn, &c->x),
                       .w        = gli_dnn_request(dnn, &c->w),
                       .bias     = gli_dnn_request(dnn, &c->bias),
                       .y        = gli_dnn_request(dnn, &c->y),
                       .stride   = {c->stride[0], c->stride[1]},
                       .dilation = {c->dilation[0] - 1, c->dilation[1] - 1},
                       .pad      = {c->pad[0], c->pad[1]},
                       .pad_end  = {c->pad_end[0], c->pad_end[1]}};
}

/* hint: of a backward convolution, the forward one. */
static dnnl_status_t create(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, gli_dnn_convolution_kind kind,
                            const arguments *a, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    const dnnl_prop_kind_t training = dnnl_forward_training;
    const dnnl_alg_kind_t direct    = dnnl_convolution_direct;
    switch (kind) {
        case GLI_DNN_CONVOLUTION:
            return gli_dnnl.convolution_forward_primitive_desc_create(pd, engine, training, direct, a->x, a->w, a->bias,
                                                                      a->y, a->stride, a->dilation, a->pad, a->pad_end,
                                                                      attr);
        case GLI_DNN_CONVOLUTION_BACKWARD_DATA:
            return gli_dnnl.convolution_backward_data_primitive_desc_create(
                pd, engine, direct, a->x, a->w, a->y, a->stride, a->dilation, a->pad, a->pad_end, hint, attr);
        case GLI_DNN_CONVOLUTION_TRANSPOSED:
            return gli_dnnl.deconvolution_forward_primitive_desc_create(pd, engine, training, dnnl_deconvolution_direct,
                                                                        a->x, a->w, a->bias, a->y, a->stride,
                                                                        a->dilation, a->pad, a->pad_end, attr);
        default:
            return gli_dnnl.convolution_backward_weights_primitive_desc_create(
                pd, engine, direct, a->x, a->w, a->bias, a->y, a->stride, a->dilation, a->pad, a->pad_end, hint, attr);
    }
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

/* A backward primitive asks for a forward one of the same sizes; any implementation of it will do. */
static dnnl_primitive_desc_t create_pd(gli_dnn *dnn, const gli_dnn_convolution *c, bool no_gemm) {
    const char *what = ids[c->kind].what;
    const bool backward =
        c->kind == GLI_DNN_CONVOLUTION_BACKWARD_DATA || c->kind == GLI_DNN_CONVOLUTION_BACKWARD_WEIGHTS;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    const arguments a          = arguments_of(dnn, c);
    dnnl_primitive_attr_t attr = gli_dnn_create_attr(dnn, &gli_dnn_default_attributes, what);
    if (attr && (!backward || gli_dnn_check(dnn, create(&hint, dnn->engine, GLI_DNN_CONVOLUTION, &a, NULL, NULL),
                                            "the forward convolution")))
        gli_dnn_check(dnn, create(&pd, dnn->engine, c->kind, &a, hint, attr), what);
    dnnl_primitive_desc_destroy(hint);
    return gli_dnn_fast_pd(dnn, pd, attr, no_gemm, what);
}

/* Images that are not channels last are reordered into the primitive's own layout, which costs less than into channels
 * last; but only from there is every convolution fast, and every transposed one faster. An image that is both, with a
 * single channel or pixel, follows the other one: oneDNN has nothing fast for a mixture. */
void gli_dnn_add_convolution(gli_dnn *dnn, const gli_dnn_convolution *conv) {
    gli_dnn_convolution c = *conv;
    if (dnn->status != GLIA_OK) return;
    dnn->activation = c.activation;
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
