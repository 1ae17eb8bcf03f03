#include "ops/linear/dense_geom.h"

#include "cpu/native/column_sum.h"
#include "cpu/onednn/onednn.h"

/* x or y [...,C] as a matrix of so many rows; *fits tells whether one stride leads from each row to the next. */
static glia_dnn_view matrix(glia_dnn_view view, bool *fits) {
    const int last    = view.ndim - 1;
    glia_dnn_view out = view;
    out.ndim          = 2;
    out.dim[0]        = 1;
    out.stride[0]     = 1;
    out.dim[1]        = view.dim[last];
    out.stride[1]     = view.stride[last];
    for (int d = last - 1; d >= 0; --d) {
        if (view.dim[d] == 1) continue;
        if (out.dim[0] == 1) out.stride[0] = view.stride[d];
        *fits = *fits && view.stride[d] == out.stride[0] * out.dim[0];
        out.dim[0] *= view.dim[d];
    }
    if (out.dim[0] == 1) out.stride[0] = out.dim[1];
    return out;
}

static const char *decline_rows(const glia_call *call, const glia_tensor *const *tensors, int n) {
    const char *reason = glia_dnn_decline(call);
    bool fits          = true;
    for (int i = 0; i < n && !reason; ++i) {
        glia_dnn_view view = {.ndim = tensors[i]->ndim};
        for (int d = 0; d < view.ndim; ++d) view.dim[d] = tensors[i]->dim[d], view.stride[d] = tensors[i]->stride[d];
        matrix(view, &fits);
    }
    return reason || fits ? reason : "its leading dimensions cannot be seen as one";
}

static const char *decline(const glia_call *call) {
    return decline_rows(call, (const glia_tensor *[]){call->in[DENSE_X], call->out[0]}, 2);
}

static glia_status prepare(const glia_call *call, glia_prepared *out) {
    const glia_dense_geom *g = call->geom;
    bool fits                = true;
    glia_dnn_product product = {.activation = g->activation};
    product.a                = matrix(glia_dnn_in(call, DENSE_X), &fits);
    product.b                = glia_dnn_transposed(glia_dnn_in(call, DENSE_W));
    product.y                = matrix(glia_dnn_out(call, 0), &fits);
    product.bias             = glia_dnn_in(call, DENSE_BIAS);
    if (product.bias.place != GLIA_DNN_ABSENT) product.bias = glia_dnn_any(matrix(product.bias, &fits));
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_product(dnn, &product);
    return glia_dnn_end(dnn, out);
}

static const char *decline_weights(const glia_call *call) {
    return decline_rows(call, (const glia_tensor *[]){call->in[DENSE_WEIGHTS_X], call->in[DENSE_WEIGHTS_DY]}, 2);
}

static glia_status prepare_weights(const glia_call *call, glia_prepared *out) {
    const glia_dense_geom *g = call->geom;
    bool fits                = true;
    glia_dnn_product product = {0};
    product.a                = glia_dnn_transposed(matrix(glia_dnn_in(call, DENSE_WEIGHTS_DY), &fits));
    product.b                = matrix(glia_dnn_in(call, DENSE_WEIGHTS_X), &fits);
    product.y                = glia_dnn_out(call, DENSE_WEIGHTS_DW);
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_product(dnn, &product);
    GLIA_TRY(glia_dnn_end(dnn, out));
    const size_t bytes = glia_column_sum_workspace(g->rows, g->u);
    if (call->out[DENSE_WEIGHTS_DBIAS] && bytes > out->workspace) out->workspace = bytes;
    return GLIA_OK;
}

static glia_status run_weights(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    const glia_dense_geom *g = call->geom;
    const glia_tensor *dbias = call->out[DENSE_WEIGHTS_DBIAS];
    GLIA_TRY(glia_dnn_run(call, prepared, workspace));
    if (!dbias) return GLIA_OK;
    bool fits                  = true;
    const glia_dnn_view dy     = matrix(glia_dnn_in(call, DENSE_WEIGHTS_DY), &fits);
    const glia_column_matrix m = {.data          = call->in[DENSE_WEIGHTS_DY]->data,
                                  .rows          = g->rows,
                                  .columns       = g->u,
                                  .row_stride    = dy.stride[0],
                                  .column_stride = dy.stride[1]};
    glia_column_sum(call->ctx, &m, dbias->data, dbias->stride[0], workspace);
    return GLIA_OK;
}

GLIA_DNN_PROVIDER(dense, decline, prepare, glia_dnn_run);
GLIA_DNN_PROVIDER(dense_backward_weights, decline_weights, prepare_weights, run_weights);
