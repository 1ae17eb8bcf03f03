#include "cpu/onednn/dnn_list.h"

void gli_dnn_add_softmax_backward(gli_dnn *dnn, int axis, const gli_dnn_view *y, const gli_dnn_view *dy,
                                  const gli_dnn_view *dx) {
    const char *what           = "the derivative of a softmax";
    const dnnl_alg_kind_t alg  = dnnl_softmax_accurate;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    const_dnnl_memory_desc_t value = gli_dnn_request(dnn, y), from = gli_dnn_request(dnn, dy);
    const_dnnl_memory_desc_t to = gli_dnn_request(dnn, dx);
    dnnl_primitive_attr_t attr  = gli_dnn_create_attr(dnn, &gli_dnn_default_attributes, what);
    if (attr && gli_dnn_check(dnn,
                              gli_dnnl.softmax_forward_primitive_desc_create(&hint, dnn->engine, dnnl_forward_training,
                                                                             alg, value, value, axis, NULL),
                              what))
        gli_dnn_check(
            dnn,
            gli_dnnl.softmax_backward_primitive_desc_create(&pd, dnn->engine, alg, to, from, value, axis, hint, attr),
            what);
    gli_dnn_add_primitive(dnn, gli_dnn_fast_pd(dnn, pd, attr, false, what), what, 3,
                          (gli_dnn_tensor[]){{DNNL_ARG_DST, y}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
    dnnl_primitive_desc_destroy(hint);
}
