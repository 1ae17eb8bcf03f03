#include "ops/linear/dense_geom.h"

#include "core/provider.h"
#include "cuda/library/cublas/cublas.h"

/* x or y [...,C] as a matrix of so many rows. false: no one stride leads from each row to the next. */
static bool matrix(const glia_tensor *x, gli_cublas_matrix *out) {
    const int last = x->ndim - 1;
    *out           = (gli_cublas_matrix){.rows = 1, .columns = x->dim[last], .column_stride = x->stride[last]};
    for (int d = last - 1; d >= 0; --d) {
        if (x->dim[d] == 1) continue;
        if (out->rows == 1) out->row_stride = x->stride[d];
        if (x->stride[d] != out->row_stride * out->rows) return false;
        out->rows *= x->dim[d];
    }
    return true;
}

static gli_cublas_matrix transposed(gli_cublas_matrix m) {
    return (gli_cublas_matrix){m.columns, m.rows, m.column_stride, m.row_stride, m.batch_stride};
}

static const char *const scattered = "its leading dimensions cannot be seen as one";

/* y = x w^T */
static const char *forward(const gli_call *call, gli_cublas_product *p) {
    const gli_dense_geom *g = call->geom;
    const glia_tensor *bias = call->n_in > GLI_DENSE_BIAS ? call->in[GLI_DENSE_BIAS] : NULL;
    gli_cublas_matrix w;
    *p = (gli_cublas_product){.tensors    = {GLI_DENSE_X, GLI_DENSE_W, -1, bias ? GLI_DENSE_BIAS : -1, 0, -1},
                              .batch      = 1,
                              .alpha      = 1,
                              .activation = g->activation};
    if (!matrix(call->in[GLI_DENSE_X], &p->a) || !matrix(call->in[GLI_DENSE_W], &w) || !matrix(call->out[0], &p->y))
        return scattered;
    p->b = transposed(w);
    if (bias && bias->dim[0] > 1 && bias->stride[0] != 1) return "the bias does not lie packed";
    if (g->activation != GLIA_UNARY_LINEAR && !gli_is_packed(call->out[0])) return "y has gaps";
    return NULL;
}

/* dw = dy^T x, and dbias the sums over the rows of dy^T. */
static const char *weights(const gli_call *call, gli_cublas_product *p) {
    const glia_tensor *dbias = call->out[GLI_DENSE_WEIGHTS_DBIAS];
    gli_cublas_matrix dy;
    *p = (gli_cublas_product){.tensors = {GLI_DENSE_WEIGHTS_DY, GLI_DENSE_WEIGHTS_X, -1, -1, GLI_DENSE_WEIGHTS_DW,
                                          dbias ? GLI_DENSE_WEIGHTS_DBIAS : -1},
                              .batch   = 1,
                              .alpha   = 1};
    if (!matrix(call->in[GLI_DENSE_WEIGHTS_DY], &dy) || !matrix(call->in[GLI_DENSE_WEIGHTS_X], &p->b) ||
        !matrix(call->out[GLI_DENSE_WEIGHTS_DW], &p->y))
        return scattered;
    p->a = transposed(dy);
    if (dbias && dbias->dim[0] > 1 && dbias->stride[0] != 1) return "dbias does not lie packed";
    return NULL;
}

/* dx = dy w, by the derivative of the activation that x comes from. */
static const char *data(const gli_call *call, gli_cublas_product *p) {
    const gli_dense_geom *g = call->geom;
    *p                      = (gli_cublas_product){.tensors    = {GLI_DENSE_DATA_DY, GLI_DENSE_DATA_W, -1, -1, 0, -1},
                                                   .batch      = 1,
                                                   .alpha      = 1,
                                                   .activation = g->activation,
                                                   .backward   = g->activation != GLIA_UNARY_LINEAR,
                                                   .source     = GLI_DENSE_DATA_X};
    if (!matrix(call->in[GLI_DENSE_DATA_DY], &p->a) || !matrix(call->in[GLI_DENSE_DATA_W], &p->b) ||
        !matrix(call->out[0], &p->y))
        return scattered;
    if (!p->backward) return NULL;
    if (!gli_is_dense(call->out[0])) return "dx is not row-major";
    return gli_is_dense(call->in[GLI_DENSE_DATA_X]) ? NULL : "x is not row-major";
}

GLI_CUBLAS_PROVIDER(dense, forward);
GLI_CUBLAS_PROVIDER(dense_backward_weights, weights);
GLI_CUBLAS_PROVIDER(dense_backward_data, data);
