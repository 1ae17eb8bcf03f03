#include "ops/linear/matmul_geom.h"

#include "core/provider.h"
#include "cuda/library/cublas/cublas.h"

enum { A, B, Y, MATRICES };

/* y's leading dimensions as one, with the stride of a, b and y from one matrix to the next. */
typedef struct batch {
    int64_t count, stride[MATRICES];
} batch;

/* The stride of x in dimension i of y; 0 where x is broadcast. */
static int64_t stride_under(const glia_tensor *x, int ndim, int i) {
    const int own = i - (ndim - x->ndim);
    return own < 0 || x->dim[own] == 1 ? 0 : x->stride[own];
}

/* false: the matrices of a, b or y are not at even distances. */
static bool join(const gli_call *call, const gli_matmul_geom *g, batch *out) {
    const glia_tensor *tensor[MATRICES] = {call->in[GLI_MATMUL_A], call->in[GLI_MATMUL_B], call->out[0]};
    *out                                = (batch){.count = 1};
    for (int i = g->batch_ndim - 1; i >= 0; --i) {
        if (g->batch[i] == 1) continue;
        for (int o = 0; o < MATRICES; ++o) {
            const int64_t stride = stride_under(tensor[o], g->batch_ndim + 2, i);
            if (out->count == 1) out->stride[o] = stride;
            if (stride != out->stride[o] * out->count) return false;
        }
        out->count *= g->batch[i];
    }
    return true;
}

static gli_cublas_matrix matrix(const glia_tensor *x, bool transposed, int64_t batch_stride) {
    const int row = x->ndim - 2 + transposed, column = x->ndim - 1 - transposed;
    return (gli_cublas_matrix){.rows          = x->dim[row],
                               .columns       = x->dim[column],
                               .row_stride    = x->stride[row],
                               .column_stride = x->stride[column],
                               .batch_stride  = batch_stride};
}

/* Many products with one b are one product with many rows. */
static void fold(gli_cublas_product *p) {
    if (p->batch == 1 || p->b.batch_stride != 0 || p->a.batch_stride != p->a.row_stride * p->a.rows ||
        p->y.batch_stride != p->y.row_stride * p->y.rows)
        return;
    p->a.rows *= p->batch, p->y.rows *= p->batch;
    p->batch = 1;
}

/* c of y's own shape, or one number for each column. */
static const char *add(const gli_call *call, const gli_matmul_geom *g, gli_cublas_product *p) {
    const glia_tensor *c = g->reads_c ? call->in[GLI_MATMUL_C] : NULL;
    if (!c) return NULL;
    const bool vector = gli_count(c) == g->n && c->dim[c->ndim - 1] == g->n;
    if (p->batch == 1 && vector && g->beta == 1 && (g->n == 1 || c->stride[c->ndim - 1] == 1)) {
        p->tensors.bias = GLI_MATMUL_C;
        return NULL;
    }
    if (g->batch_ndim > 0 || !gli_same_shape(c, call->out[0])) return "c is broadcast";
    p->c         = matrix(c, false, 0);
    p->tensors.c = GLI_MATMUL_C;
    p->beta      = g->beta;
    return NULL;
}

static const char *describe(const gli_call *call, gli_cublas_product *p) {
    const gli_matmul_geom *g = call->geom;
    batch b;
    if (!join(call, g, &b)) return "its batches do not lie at even distances";
    if (b.count > INT32_MAX) return "more than 2^31-1 batches";
    *p = (gli_cublas_product){.a       = matrix(call->in[GLI_MATMUL_A], g->transpose_a, b.stride[A]),
                              .b       = matrix(call->in[GLI_MATMUL_B], g->transpose_b, b.stride[B]),
                              .y       = matrix(call->out[0], false, b.stride[Y]),
                              .tensors = {GLI_MATMUL_A, GLI_MATMUL_B, -1, -1, 0, -1},
                              .batch   = b.count,
                              .alpha   = g->alpha};
    fold(p);
    return add(call, g, p);
}

GLI_CUBLAS_PROVIDER(matmul, describe);
