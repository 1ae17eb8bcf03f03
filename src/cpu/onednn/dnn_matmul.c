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

/* The dimensions that are cut. */
typedef struct cuts {
    gli_dnn_cut cut;
    int a, b, bias, y;
} cuts;

enum { ROWS_AT_ONCE = 16, COLUMNS_AT_ONCE = 64 };

static double work_of(const gli_dnn_matmul *m) {
    double work = (double)m->a.dim[m->a.ndim - 1];
    for (int d = 0; d < m->y.ndim; ++d) work *= (double)m->y.dim[d];
    return work;
}

/* Between matrices, rows or columns, of which there are enough. */
static cuts cuts_of(const gli_dnn_matmul *m) {
    const int rows = m->y.ndim - 2, columns = m->y.ndim - 1;
    const int64_t matrices = m->y.ndim > 2 ? m->y.dim[0] : 1;
    const int64_t by_rows = m->y.dim[rows] / ROWS_AT_ONCE, by_columns = m->y.dim[columns] / COLUMNS_AT_ONCE;
    if (matrices > 1 && matrices >= by_rows && matrices >= by_columns)
        return (cuts){{matrices, 1, work_of(m)},
                      m->a.dim[0] > 1 ? 0 : GLI_DNN_WHOLE,
                      m->b.dim[0] > 1 ? 0 : GLI_DNN_WHOLE,
                      GLI_DNN_WHOLE,
                      0};
    if (by_rows >= by_columns)
        return (cuts){{m->y.dim[rows], ROWS_AT_ONCE, work_of(m)}, rows, GLI_DNN_WHOLE, GLI_DNN_WHOLE, rows};
    return (cuts){{m->y.dim[columns], COLUMNS_AT_ONCE, work_of(m)}, GLI_DNN_WHOLE, columns, columns, columns};
}

/* Whether there is memory between its elements that is not the matrices'. */
static bool has_bad_gaps(const gli_dnn_view *view) {
    int64_t count = 1, extent = 1;
    if (GLI_DNN_MATMUL_TAKES_GAPS || view->memory == GLI_DNN_ABSENT) return false;
    for (int d = 0; d < view->ndim; ++d) count *= view->dim[d], extent += (view->dim[d] - 1) * view->stride[d];
    return count != extent;
}

/* Copies what has gaps. False: that is not possible where a result is read. */
static bool close_gaps(gli_dnn_matmul *m) {
    const bool a = has_bad_gaps(&m->a), b = has_bad_gaps(&m->b), y = has_bad_gaps(&m->y);
    if (a) m->a.layout = GLI_DNN_ANY;
    if (b) m->b.layout = GLI_DNN_ANY;
    if (y) m->y.layout = GLI_DNN_ANY;
    return !y || m->beta == 0;
}

/* First with the matrices as they are; where no fast primitive takes that, reordered. A y that is read stays as it is.
 */
static void add_slices(gli_dnn *dnn, gli_dnn_matmul m, const cuts *k, const gli_dnn_slices *slices) {
    m.a    = gli_dnn_slice(m.a, k->a, slices);
    m.b    = gli_dnn_slice(m.b, k->b, slices);
    m.bias = gli_dnn_slice(m.bias, k->bias, slices);
    m.y    = gli_dnn_slice(m.y, k->y, slices);
    if (!close_gaps(&m)) {
        dnn->status = gli_dnn_refuse(dnn->call, "no matmul", "matrices with gaps");
        return;
    }
    dnnl_primitive_desc_t pd = create_pd(dnn, &m);
    if (dnn->status == GLIA_UNSUPPORTED) {
        dnn->status = GLIA_OK;
        m.a.layout = m.b.layout = GLI_DNN_ANY;
        if (m.beta == 0) m.y.layout = GLI_DNN_ANY;
        pd = create_pd(dnn, &m);
    }
    gli_dnn_add_primitive(dnn, pd, "a matmul", slices, 4,
                          (gli_dnn_tensor[]){{DNNL_ARG_SRC, &m.a, k->a},
                                             {DNNL_ARG_WEIGHTS, &m.b, k->b},
                                             {DNNL_ARG_BIAS, &m.bias, k->bias},
                                             {DNNL_ARG_DST, &m.y, k->y}});
}

void gli_dnn_add_matmul(gli_dnn *dnn, const gli_dnn_matmul *matmul) {
    const cuts k = cuts_of(matmul);
    gli_dnn_slices slices;
    dnn->activation = matmul->activation;
    for (int part = 0; part < 2; ++part)
        if (dnn->status == GLIA_OK && gli_dnn_part(&k.cut, part, &slices)) add_slices(dnn, *matmul, &k, &slices);
}
