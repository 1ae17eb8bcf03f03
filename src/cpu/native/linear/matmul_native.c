#include "ops/linear/matmul_geom.h"

#include "core/provider.h"
#include "cpu/native/call_floats.h"
#include "cpu/native/linear/product.h"

/* The matrices of x, aligned with the last dimensions of y's ndim; those of size 1 repeat. */
static gli_product_matrix matrices_of(const glia_tensor *x, int ndim) {
    gli_product_matrix out = {0};
    const int missing      = ndim - x->ndim;
    int64_t stride[GLIA_MAX_DIMS];
    for (int d = 0; d < ndim; ++d) stride[d] = d < missing || x->dim[d - missing] == 1 ? 0 : x->stride[d - missing];
    for (int d = 0; d < ndim - 2; ++d) out.step[d] = stride[d];
    if (ndim > 1) out.row_stride = stride[ndim - 2];
    if (ndim > 0) out.column_stride = stride[ndim - 1];
    return out;
}

static gli_product_matrix transposed_if(bool transpose, gli_product_matrix m) {
    return transpose ? gli_product_transposed(m) : m;
}

static gli_product product_of(const gli_call *call) {
    const gli_matmul_geom *g = call->geom;
    const glia_tensor *y     = call->out[0];
    gli_product out          = {.rows = g->m, .columns = g->n, .sum = g->k, .ndim = g->batch_ndim};
    out.alpha = (float)g->alpha, out.beta = (float)g->beta;
    for (int d = 0; d < g->batch_ndim; ++d) out.dim[d] = g->batch[d];
    out.a = transposed_if(g->transpose_a, matrices_of(call->in[GLI_MATMUL_A], y->ndim));
    out.b = transposed_if(g->transpose_b, matrices_of(call->in[GLI_MATMUL_B], y->ndim));
    out.y = matrices_of(y, y->ndim);
    if (g->reads_c) out.c = matrices_of(call->in[GLI_MATMUL_C], y->ndim);
    return out;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_product product = product_of(call);
    out->workspace            = gli_product_workspace(&product);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_matmul_geom *g  = call->geom;
    const gli_product product = product_of(call);
    gli_product_run(call->ctx, &product, call->in[GLI_MATMUL_A]->data, call->in[GLI_MATMUL_B]->data,
                    g->reads_c ? gli_in_floats(call, GLI_MATMUL_C) : NULL, gli_out_floats(call, 0), workspace);
    return GLIA_OK;
}

const gli_provider gli_matmul_native = {
    .name = "cpu.native", .accepts = {GLI_TAKES_F32, GLI_ANY_FORMAT}, .prepare = prepare, .run = run};
