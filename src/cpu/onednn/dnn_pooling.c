#include "cpu/onednn/dnn_list.h"

static dnnl_primitive_desc_t create_pd(gli_dnn *dnn, const gli_dnn_pooling *p, const char *what) {
    const dnnl_alg_kind_t alg = p->count_pad ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding;
    const dnnl_dims_t window = {p->window[0], p->window[1]}, stride = {p->stride[0], p->stride[1]}, dilation = {0};
    const dnnl_dims_t pad = {p->pad[0], p->pad[1]}, pad_end = {p->pad_end[0], p->pad_end[1]};
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    dnnl_pooling_v2_desc_t forward, backward;
    dnnl_memory_desc_t x, y;
    if (!gli_dnn_request(dnn, &p->x, &x) || !gli_dnn_request(dnn, &p->y, &y) ||
        !gli_dnn_check(dnn,
                       dnnl_pooling_v2_forward_desc_init(&forward, dnnl_forward_training, alg, &x, &y, stride, window,
                                                         dilation, pad, pad_end),
                       what))
        return NULL;
    if (!p->backward) return gli_dnn_create_pd(dnn, &forward, &gli_dnn_default_attributes, NULL, what);
    if (gli_dnn_check(dnn, dnnl_primitive_desc_create(&hint, &forward, NULL, dnn->engine, NULL), what) &&
        gli_dnn_check(
            dnn, dnnl_pooling_v2_backward_desc_init(&backward, alg, &x, &y, stride, window, dilation, pad, pad_end),
            what))
        pd = gli_dnn_create_pd(dnn, &backward, &gli_dnn_default_attributes, hint, what);
    dnnl_primitive_desc_destroy(hint);
    return pd;
}

/* With the images as they are; where nothing fast takes that, channels last. */
void gli_dnn_add_mean_pooling(gli_dnn *dnn, const gli_dnn_pooling *pooling) {
    const char *what  = pooling->backward ? "mean pooling backward" : "mean pooling";
    gli_dnn_pooling p = *pooling;
    if (dnn->status != GLIA_OK) return;
    dnnl_primitive_desc_t pd = create_pd(dnn, &p, what);
    if (dnn->status == GLIA_UNSUPPORTED) {
        dnn->status = GLIA_OK;
        p.x.layout = p.y.layout = GLI_DNN_CHANNELS_LAST;
        pd                      = create_pd(dnn, &p, what);
    }
    gli_dnn_add_primitive(dnn, pd, what, 2,
                          (gli_dnn_tensor[]){{p.backward ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, &p.x},
                                             {p.backward ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, &p.y}});
}
