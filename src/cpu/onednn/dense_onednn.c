#include "ops/linear/dense_geom.h"

#include "core/provider.h"
#include "cpu/native/column_sum.h"
#include "cpu/native/elementwise/activate.h"
#include "cpu/native/linear/dense_rows.h"
#include "cpu/onednn/onednn.h"

/* x or y [...,C] as a matrix of so many rows. */
static gli_dnn_view matrix(gli_dnn_view view) {
    const int last   = view.ndim - 1;
    gli_dnn_view out = view;
    out.ndim         = 2;
    out.dim[0]       = 1;
    out.dim[1]       = view.dim[last];
    out.stride[1]    = view.stride[last];
    for (int d = last - 1; d >= 0; --d) {
        if (view.dim[d] == 1) continue;
        if (out.dim[0] == 1) out.stride[0] = view.stride[d];
        out.dim[0] *= view.dim[d];
    }
    if (out.dim[0] == 1) out.stride[0] = out.dim[1] * out.stride[1];
    return out;
}

static const char *decline(const gli_call *call) { return gli_decline_rows(call->in[GLI_DENSE_X], call->out[0]); }

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_dense_geom *g = call->geom;
    gli_dnn_matmul m        = {.alpha = 1, .activation = g->activation};
    m.a                     = matrix(gli_dnn_in(call, GLI_DENSE_X));
    m.b                     = gli_dnn_transposed(gli_dnn_in(call, GLI_DENSE_W));
    m.y                     = matrix(gli_dnn_out(call, 0));
    m.bias                  = gli_dnn_in(call, GLI_DENSE_BIAS);
    if (m.bias.memory != GLI_DNN_ABSENT) m.bias = gli_dnn_any(matrix(m.bias));
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_matmul(dnn, &m);
    return gli_dnn_end(dnn, out);
}

static const char *decline_weights(const gli_call *call) {
    return gli_decline_rows(call->in[GLI_DENSE_WEIGHTS_X], call->in[GLI_DENSE_WEIGHTS_DY]);
}

static glia_status prepare_weights(const gli_call *call, gli_prepared *out) {
    const gli_dense_geom *g = call->geom;
    gli_dnn_matmul m        = {.alpha = 1};
    m.a                     = gli_dnn_transposed(matrix(gli_dnn_in(call, GLI_DENSE_WEIGHTS_DY)));
    m.b                     = matrix(gli_dnn_in(call, GLI_DENSE_WEIGHTS_X));
    m.y                     = gli_dnn_out(call, GLI_DENSE_WEIGHTS_DW);
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_matmul(dnn, &m);
    GLI_TRY(gli_dnn_end(dnn, out));
    const size_t bytes = gli_column_sum_workspace(g->rows, g->u);
    if (call->out[GLI_DENSE_WEIGHTS_DBIAS] && bytes > out->workspace) out->workspace = bytes;
    return GLIA_OK;
}

static glia_status run_weights(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_dense_geom *g  = call->geom;
    const glia_tensor *dbias = call->out[GLI_DENSE_WEIGHTS_DBIAS];
    GLI_TRY(gli_dnn_run(call, prepared, workspace));
    if (!dbias) return GLIA_OK;
    const gli_dnn_view dy     = matrix(gli_dnn_in(call, GLI_DENSE_WEIGHTS_DY));
    const gli_column_matrix m = {.data          = call->in[GLI_DENSE_WEIGHTS_DY]->data,
                                 .rows          = g->rows,
                                 .columns       = g->u,
                                 .row_stride    = dy.stride[0],
                                 .column_stride = dy.stride[1]};
    gli_column_sum(call->ctx, &m, dbias->data, dbias->stride[0], workspace);
    return GLIA_OK;
}

static const char *decline_data(const gli_call *call) {
    return gli_decline_rows(call->in[GLI_DENSE_DATA_DY], call->out[0]);
}

static glia_status prepare_data(const gli_call *call, gli_prepared *out) {
    gli_dnn_matmul m = {.alpha = 1};
    m.a              = matrix(gli_dnn_in(call, GLI_DENSE_DATA_DY));
    m.b              = gli_dnn_in(call, GLI_DENSE_DATA_W);
    m.y              = matrix(gli_dnn_out(call, 0));
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_matmul(dnn, &m);
    return gli_dnn_end(dnn, out);
}

/* oneDNN has no derivative as a post-op of a product. */
static glia_status run_data(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_dense_geom *g = call->geom;
    GLI_TRY(gli_dnn_run(call, prepared, workspace));
    if (g->activation != GLIA_UNARY_LINEAR)
        gli_activate_backward_tensor(call->ctx, g->activation, call->in[GLI_DENSE_DATA_X], call->out[0]);
    return GLIA_OK;
}

GLI_DNN_PROVIDER(dense, GLI_ACCEPTS_DNN, decline, prepare, gli_dnn_run);
GLI_DNN_PROVIDER(dense_backward_weights, GLI_ACCEPTS_DNN, decline_weights, prepare_weights, run_weights);
GLI_DNN_PROVIDER(dense_backward_data, GLI_ACCEPTS_DNN, decline_data, prepare_data, run_data);
