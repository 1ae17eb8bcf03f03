#include "ops/linear/dense_geom.h"

#include "core/provider.h"
#include "cpu/native/call_floats.h"
#include "cpu/native/column_sum.h"
#include "cpu/native/linear/dense_rows.h"
#include "cpu/native/linear/product.h"

static gli_product_matrix matrix(const glia_tensor *x) {
    gli_product_matrix out = {.column_stride = x->stride[x->ndim - 1]};
    gli_row_stride(x, &out.row_stride);
    return out;
}

/* ---- forward: x w^T + bias --------------------------------------------------------------------------------------- */

static const char *decline(const gli_call *call) { return gli_decline_rows(call->in[GLI_DENSE_X], call->out[0]); }

static gli_product product_of(const gli_call *call) {
    const gli_dense_geom *g = call->geom;
    const glia_tensor *w = call->in[GLI_DENSE_W], *bias = call->n_in > GLI_DENSE_BIAS ? call->in[GLI_DENSE_BIAS] : NULL;
    gli_product out = {.rows = g->rows, .columns = g->u, .sum = g->k, .alpha = 1, .activation = g->activation};
    out.a           = matrix(call->in[GLI_DENSE_X]);
    out.y           = matrix(call->out[0]);
    out.b           = (gli_product_matrix){.row_stride = w->stride[1], .column_stride = w->stride[0]};
    out.c           = (gli_product_matrix){.column_stride = bias ? bias->stride[0] : 0};
    out.beta        = 1;
    return out;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_product product = product_of(call);
    out->workspace            = gli_product_workspace(&product);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_product product = product_of(call);
    gli_product_run(call->ctx, &product, gli_in_floats(call, GLI_DENSE_X), gli_in_floats(call, GLI_DENSE_W),
                    gli_in_floats(call, GLI_DENSE_BIAS), gli_out_floats(call, 0), workspace);
    return GLIA_OK;
}

/* ---- gradient of the weights: dy^T x ----------------------------------------------------------------------------- */

static const char *decline_weights(const gli_call *call) {
    return gli_decline_rows(call->in[GLI_DENSE_WEIGHTS_X], call->in[GLI_DENSE_WEIGHTS_DY]);
}

/* More is faster through oneDNN, whose calls cost a few microseconds each. */
static const char *decline_large_weights(const gli_call *call) {
    enum { SMALL = 1 << 21 };
    const gli_dense_geom *g = call->geom;
    if ((double)g->rows * g->k * g->u > SMALL) return "it takes at most 2^21 products";
    return decline_weights(call);
}

static gli_product weights_product_of(const gli_call *call) {
    const gli_dense_geom *g = call->geom;
    const glia_tensor *dw   = call->out[GLI_DENSE_WEIGHTS_DW];
    gli_product out         = {.rows = g->u, .columns = g->k, .sum = g->rows, .alpha = 1};
    out.b                   = matrix(call->in[GLI_DENSE_WEIGHTS_X]);
    out.a                   = gli_product_transposed(matrix(call->in[GLI_DENSE_WEIGHTS_DY]));
    out.y                   = (gli_product_matrix){.row_stride = dw->stride[0], .column_stride = dw->stride[1]};
    return out;
}

static glia_status prepare_weights(const gli_call *call, gli_prepared *out) {
    const gli_dense_geom *g   = call->geom;
    const gli_product product = weights_product_of(call);
    out->workspace            = gli_product_workspace(&product);
    const size_t bytes        = gli_column_sum_workspace(g->rows, g->u);
    if (call->out[GLI_DENSE_WEIGHTS_DBIAS] && bytes > out->workspace) out->workspace = bytes;
    return GLIA_OK;
}

static glia_status run_weights(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_dense_geom *g   = call->geom;
    const gli_product product = weights_product_of(call);
    const glia_tensor *dbias  = call->out[GLI_DENSE_WEIGHTS_DBIAS];
    const float *dy           = gli_in_floats(call, GLI_DENSE_WEIGHTS_DY);
    gli_product_run(call->ctx, &product, dy, gli_in_floats(call, GLI_DENSE_WEIGHTS_X), NULL,
                    gli_out_floats(call, GLI_DENSE_WEIGHTS_DW), workspace);
    const gli_column_matrix m = {.data          = dy,
                                 .rows          = g->rows,
                                 .columns       = g->u,
                                 .row_stride    = product.a.column_stride,
                                 .column_stride = product.a.row_stride};
    if (dbias) gli_column_sum(call->ctx, &m, dbias->data, dbias->stride[0], workspace);
    return GLIA_OK;
}

/* ---- gradient of the data: dy w, and the derivative of the activation before ------------------------------------- */

static const char *decline_data(const gli_call *call) {
    const gli_dense_geom *g = call->geom;
    const char *reason      = gli_decline_rows(call->in[GLI_DENSE_DATA_DY], call->out[0]);
    if (reason || g->activation == GLIA_UNARY_LINEAR) return reason;
    return gli_decline_rows(call->in[GLI_DENSE_DATA_X], call->out[0]);
}

static gli_product data_product_of(const gli_call *call) {
    const gli_dense_geom *g = call->geom;
    const glia_tensor *w    = call->in[GLI_DENSE_DATA_W];
    gli_product out         = {.rows = g->rows, .columns = g->k, .sum = g->u, .alpha = 1, .activation = g->activation};
    out.backward            = g->activation != GLIA_UNARY_LINEAR;
    out.a                   = matrix(call->in[GLI_DENSE_DATA_DY]);
    out.b                   = (gli_product_matrix){.row_stride = w->stride[0], .column_stride = w->stride[1]};
    out.y                   = matrix(call->out[0]);
    if (out.backward) out.c = matrix(call->in[GLI_DENSE_DATA_X]);
    return out;
}

static glia_status prepare_data(const gli_call *call, gli_prepared *out) {
    const gli_product product = data_product_of(call);
    out->workspace            = gli_product_workspace(&product);
    return GLIA_OK;
}

static glia_status run_data(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_product product = data_product_of(call);
    gli_product_run(call->ctx, &product, gli_in_floats(call, GLI_DENSE_DATA_DY), gli_in_floats(call, GLI_DENSE_DATA_W),
                    product.backward ? gli_in_floats(call, GLI_DENSE_DATA_X) : NULL, gli_out_floats(call, 0),
                    workspace);
    return GLIA_OK;
}

#define ACCEPTS {GLI_TAKES_F32, GLI_ANY_FORMAT}

const gli_provider gli_dense_native = {
    .name = "cpu.native", .accepts = ACCEPTS, .decline = decline, .prepare = prepare, .run = run};
const gli_provider gli_dense_backward_weights_native       = {.name    = "cpu.native",
                                                              .accepts = ACCEPTS,
                                                              .decline = decline_weights,
                                                              .prepare = prepare_weights,
                                                              .run     = run_weights};
const gli_provider gli_dense_backward_weights_small_native = {.name    = "cpu.small",
                                                              .accepts = ACCEPTS,
                                                              .decline = decline_large_weights,
                                                              .prepare = prepare_weights,
                                                              .run     = run_weights};

const gli_provider gli_dense_backward_data_native = {
    .name = "cpu.native", .accepts = ACCEPTS, .decline = decline_data, .prepare = prepare_data, .run = run_data};
