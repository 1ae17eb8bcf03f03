#include "cpu/onednn/dnn_list.h"

static dnnl_primitive_desc_t create_pd(gli_dnn *dnn, const gli_dnn_matmul *m) {
    const gli_dnn_attributes attributes = {.alpha = m->alpha, .beta = m->beta};
    dnnl_primitive_desc_t pd            = NULL;
    const_dnnl_memory_desc_t a = gli_dnn_request(dnn, &m->a), b = gli_dnn_request(dnn, &m->b);
    const_dnnl_memory_desc_t bias = gli_dnn_request(dnn, &m->bias), y = gli_dnn_request(dnn, &m->y);
    dnnl_primitive_attr_t attr = gli_dnn_create_attr(dnn, &attributes, "a matmul");
    if (attr)
        gli_dnn_check(dnn, gli_dnnl.matmul_primitive_desc_create(&pd, dnn->engine, a, b, bias, y, attr), "a matmul");
    return gli_dnn_fast_pd(dnn, pd, attr, false, "a matmul");
}

/* First with the matrices as they are; where no fast primitive takes that, reordered. A y that is read stays as it is.
 */
void gli_dnn_add_matmul(gli_dnn *dnn, const gli_dnn_matmul *matmul) {
    if (dnn->status != GLIA_OK) return;
    gli_dnn_matmul m         = *matmul;
    dnn->activation          = m.activation;
    dnnl_primitive_desc_t pd = create_pd(dnn, &m);
    if (dnn->status == GLIA_UNSUPPORTED) {
        dnn->status = GLIA_OK;
        m.a.layout = m.b.layout = GLI_DNN_ANY;
        if (m.beta == 0) m.y.layout = GLI_DNN_ANY;
        pd = create_pd(dnn, &m);
    }
    gli_dnn_add_primitive(
        dnn, pd, "a matmul", 4,
        (gli_dnn_tensor[]){
            {DNNL_ARG_SRC, &m.a}, {DNNL_ARG_WEIGHTS, &m.b}, {DNNL_ARG_BIAS, &m.bias}, {DNNL_ARG_DST, &m.y}});
}

/* Packed matmuls run one after the other, once for each step of a network. In a small one the threads spend more time
 * waiting for each other than working, and on a busy machine a hundred times as much. */
static int threads_for(const gli_dnn *dnn, const gli_dnn_view *a, const gli_dnn_view *y) {
    const double small = 1 << 20;
    return 2.0 * (double)a->dim[0] * (double)a->dim[1] * (double)y->dim[1] <= small ? 1 : dnn->ctx->threads;
}

/* Memory that is bound later is reordered like an input: only b ever is, since a and y stay as they are. */
void gli_dnn_add_packed_matmul(gli_dnn *dnn, int number, const gli_dnn_view *a, const gli_dnn_view *b,
                               const gli_dnn_view *y, float beta) {
    if (dnn->status != GLIA_OK) return;
    const int first  = dnn->n;
    gli_dnn_matmul m = {.a = *a, .b = *b, .y = *y, .alpha = 1, .beta = beta};
    m.a.index = GLI_DNN_BOUND_A, m.b.index = GLI_DNN_BOUND_B, m.y.index = GLI_DNN_BOUND_Y;
    const int threads            = threads_for(dnn, a, y);
    const gli_dnn_threads before = gli_dnn_threads_enter(threads);
    gli_dnn_add_primitive(dnn, create_pd(dnn, &m), "a packed matmul", 3,
                          (gli_dnn_tensor[]){{DNNL_ARG_SRC, &m.a}, {DNNL_ARG_WEIGHTS, &m.b}, {DNNL_ARG_DST, &m.y}});
    gli_dnn_threads_leave(before);
    dnn->packed[number] = (gli_dnn_packed){.begin = first, .end = dnn->n, .threads = threads};
}
