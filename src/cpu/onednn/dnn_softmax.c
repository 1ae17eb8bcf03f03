#include "cpu/onednn/dnn_list.h"

void gli_dnn_add_softmax_backward(gli_dnn *dnn, int axis, const gli_dnn_view *y, const gli_dnn_view *dy,
                                  const gli_dnn_view *dx) {
    const char *what           = "the derivative of a softmax";
    const dnnl_alg_kind_t alg  = dnnl_softmax_accurate;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    dnnl_softmax_v2_desc_t forward, desc;
    dnnl_memory_desc_t value, from, to;
    if (!gli_dnn_request(dnn, y, &value) || !gli_dnn_request(dnn, dy, &from) || !gli_dnn_request(dnn, dx, &to)) return;
    if (gli_dnn_check(
            dnn, dnnl_softmax_v2_forward_desc_init(&forward, dnnl_forward_training, alg, &value, &value, axis), what) &&
        gli_dnn_check(dnn, dnnl_primitive_desc_create(&hint, &forward, NULL, dnn->engine, NULL), what) &&
        gli_dnn_check(dnn, dnnl_softmax_v2_backward_desc_init(&desc, alg, &to, &from, &value, axis), what))
        pd = gli_dnn_create_pd(dnn, &desc, &gli_dnn_default_attributes, hint, what);
    gli_dnn_add_primitive(dnn, pd, what, 3,
                          (gli_dnn_tensor[]){{DNNL_ARG_DST, y}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
    dnnl_primitive_desc_destroy(hint);
}
