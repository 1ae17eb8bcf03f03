#include "cpu/onednn/dnn_list.h"

typedef struct derivative {
    int axis, cut;
    gli_dnn_view y, dy, dx;
} derivative;

static void add_slices(gli_dnn *dnn, derivative s, const gli_dnn_slices *slices) {
    const char *what           = "the derivative of a softmax";
    const dnnl_alg_kind_t alg  = dnnl_softmax_accurate;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    s.y                            = gli_dnn_slice(s.y, s.cut, slices);
    s.dy                           = gli_dnn_slice(s.dy, s.cut, slices);
    s.dx                           = gli_dnn_slice(s.dx, s.cut, slices);
    const_dnnl_memory_desc_t value = gli_dnn_request(dnn, &s.y), from = gli_dnn_request(dnn, &s.dy);
    const_dnnl_memory_desc_t to = gli_dnn_request(dnn, &s.dx);
    dnnl_primitive_attr_t attr  = gli_dnn_create_attr(dnn, &gli_dnn_default_attributes, what);
    if (attr && gli_dnn_check(dnn,
                              gli_dnnl.softmax_forward_primitive_desc_create(&hint, dnn->engine, dnnl_forward_training,
                                                                             alg, value, value, s.axis, NULL),
                              what))
        gli_dnn_check(
            dnn,
            gli_dnnl.softmax_backward_primitive_desc_create(&pd, dnn->engine, alg, to, from, value, s.axis, hint, attr),
            what);
    gli_dnn_add_primitive(
        dnn, gli_dnn_fast_pd(dnn, pd, attr, false, what), what, slices, 3,
        (gli_dnn_tensor[]){
            {DNNL_ARG_DST, &s.y, s.cut}, {DNNL_ARG_DIFF_DST, &s.dy, s.cut}, {DNNL_ARG_DIFF_SRC, &s.dx, s.cut}});
    dnnl_primitive_desc_destroy(hint);
}

/* Cut along the first dimension that is not summed over. */
void gli_dnn_add_softmax_backward(gli_dnn *dnn, int axis, const gli_dnn_view *y, const gli_dnn_view *dy,
                                  const gli_dnn_view *dx) {
    const int d           = axis == 0 && y->ndim > 1;
    const derivative s    = {axis, d == axis ? GLI_DNN_WHOLE : d, *y, *dy, *dx};
    const gli_dnn_cut cut = {d == axis ? 1 : y->dim[d], 1, GLI_DNN_WORK_PER_ELEMENT * gli_dnn_elements(y)};
    gli_dnn_slices slices;
    for (int part = 0; part < 2; ++part)
        if (dnn->status == GLIA_OK && gli_dnn_part(&cut, part, &slices)) add_slices(dnn, s, &slices);
}
