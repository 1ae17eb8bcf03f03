#include "cpu/onednn/dnn_list.h"

static dnnl_primitive_desc_t create_pd(gli_dnn *dnn, const gli_dnn_pooling *p, const char *what) {
    const dnnl_alg_kind_t alg = p->count_pad ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding;
    const dnnl_dims_t window = {p->window[0], p->window[1], p->window[2]}, dilation = {0};
    const dnnl_dims_t stride   = {p->stride[0], p->stride[1], p->stride[2]};
    const dnnl_dims_t pad      = {p->pad[0], p->pad[1], p->pad[2]};
    const dnnl_dims_t pad_end  = {p->pad_end[0], p->pad_end[1], p->pad_end[2]};
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    const_dnnl_memory_desc_t x = gli_dnn_request(dnn, &p->x), y = gli_dnn_request(dnn, &p->y);
    dnnl_primitive_attr_t attr = gli_dnn_create_attr(dnn, &gli_dnn_default_attributes, what);
    if (attr &&
        gli_dnn_check(dnn,
                      gli_dnnl.pooling_forward_primitive_desc_create(p->backward ? &hint : &pd, dnn->engine,
                                                                     dnnl_forward_training, alg, x, y, stride, window,
                                                                     dilation, pad, pad_end, attr),
                      what) &&
        p->backward)
        gli_dnn_check(dnn,
                      gli_dnnl.pooling_backward_primitive_desc_create(&pd, dnn->engine, alg, x, y, stride, window,
                                                                      dilation, pad, pad_end, hint, attr),
                      what);
    dnnl_primitive_desc_destroy(hint);
    return gli_dnn_fast_pd(dnn, pd, attr, false, what);
}

/* With the images as they are; where nothing fast takes that, channels last. */
static void add_slices(gli_dnn *dnn, gli_dnn_pooling p, const gli_dnn_slices *slices) {
    enum { IMAGES };
    const char *what         = p.backward ? "mean pooling backward" : "mean pooling";
    p.x                      = gli_dnn_slice(p.x, IMAGES, slices);
    p.y                      = gli_dnn_slice(p.y, IMAGES, slices);
    dnnl_primitive_desc_t pd = create_pd(dnn, &p, what);
    if (dnn->status == GLIA_UNSUPPORTED) {
        dnn->status = GLIA_OK;
        p.x.layout = p.y.layout = GLI_DNN_CHANNELS_LAST;
        pd                      = create_pd(dnn, &p, what);
    }
    gli_dnn_add_primitive(dnn, pd, what, slices, 2,
                          (gli_dnn_tensor[]){{p.backward ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, &p.x, IMAGES},
                                             {p.backward ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, &p.y, IMAGES}});
}

void gli_dnn_add_mean_pooling(gli_dnn *dnn, const gli_dnn_pooling *p) {
    const gli_dnn_cut cut = {p->x.dim[0], 1,
                             GLI_DNN_WORK_PER_ELEMENT * (gli_dnn_elements(&p->x) + gli_dnn_elements(&p->y))};
    gli_dnn_slices slices;
    for (int part = 0; part < 2; ++part)
        if (dnn->status == GLIA_OK && gli_dnn_part(&cut, part, &slices)) add_slices(dnn, *p, &slices);
}
