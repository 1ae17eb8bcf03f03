#include "ops/linear/matmul_geom.h"

#include "cpu/native/strided_copy.h"
#include "cpu/onednn/onednn.h"

/* The operand under y's dimensions, with 1 where it has none. */
static glia_dnn_view under(glia_dnn_view view, int ndim) {
    glia_dnn_view out = view;
    const int missing = ndim - view.ndim;
    out.ndim          = ndim;
    for (int d = 0; d < ndim; ++d) {
        out.dim[d]    = d < missing ? 1 : view.dim[d - missing];
        out.stride[d] = d < missing ? 1 : view.stride[d - missing];
    }
    return out;
}

static glia_status prepare(const glia_call *call, glia_prepared *out) {
    const glia_matmul_geom *g = call->geom;
    glia_dnn_product product  = {.scale = g->alpha, .y = glia_dnn_out(call, 0)};
    product.a                 = under(glia_dnn_in(call, MATMUL_A), product.y.ndim);
    product.b                 = under(glia_dnn_in(call, MATMUL_B), product.y.ndim);
    if (g->transpose_a) product.a = glia_dnn_transposed(product.a);
    if (g->transpose_b) product.b = glia_dnn_transposed(product.b);
    if (call->n_in > MATMUL_C && call->in[MATMUL_C]) product.keep = g->beta;
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_product(dnn, &product);
    return glia_dnn_end(dnn, out);
}

/* y starts as c, whose multiple the product then keeps. */
static void copy_c(const glia_call *call) {
    const glia_tensor *c = call->in[MATMUL_C], *y = call->out[0];
    glia_copy copy = {.size = sizeof(float), .ndim = y->ndim, .to = y->data, .from = c->data};
    for (int d = 0; d < y->ndim; ++d) {
        const int own       = d - (y->ndim - c->ndim);
        copy.dim[d]         = y->dim[d];
        copy.to_stride[d]   = y->stride[d];
        copy.from_stride[d] = own < 0 || c->dim[own] == 1 ? 0 : c->stride[own];
    }
    glia_copy_run(call->ctx, &copy);
}

static glia_status run(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    if (call->n_in > MATMUL_C && call->in[MATMUL_C]) copy_c(call);
    return glia_dnn_run(call, prepared, workspace);
}

GLIA_DNN_PROVIDER(matmul, glia_dnn_decline, prepare, run);
