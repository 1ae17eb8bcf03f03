#include "ops/linear/matmul_geom.h"

#include "core/provider.h"
#include "cpu/native/strided_copy.h"
#include "cpu/onednn/onednn.h"

/* The dimensions of a or b aligned with the last ones of y, with size 1 in front. */
static gli_dnn_view aligned(gli_dnn_view view, int ndim) {
    gli_dnn_view out  = view;
    const int missing = ndim - view.ndim;
    out.ndim          = ndim;
    for (int d = 0; d < ndim; ++d) {
        out.dim[d]    = d < missing ? 1 : view.dim[d - missing];
        out.stride[d] = d < missing ? 1 : view.stride[d - missing];
    }
    return out;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_matmul_geom *g = call->geom;
    gli_dnn_matmul m         = {.alpha = (float)g->alpha, .y = gli_dnn_out(call, 0)};
    m.a                      = aligned(gli_dnn_in(call, GLI_MATMUL_A), m.y.ndim);
    m.b                      = aligned(gli_dnn_in(call, GLI_MATMUL_B), m.y.ndim);
    if (g->transpose_a) m.a = gli_dnn_transposed(m.a);
    if (g->transpose_b) m.b = gli_dnn_transposed(m.b);
    if (g->reads_c) m.beta = (float)g->beta;
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_matmul(dnn, &m);
    return gli_dnn_end(dnn, out);
}

/* y = c, which the matmul multiplies by beta. */
static void copy_c(const gli_call *call) {
    const glia_tensor *c = call->in[GLI_MATMUL_C], *y = call->out[0];
    gli_copy copy = {.size = sizeof(float), .ndim = y->ndim, .to = y->data, .from = c->data};
    for (int d = 0; d < y->ndim; ++d) {
        const int own       = d - (y->ndim - c->ndim);
        copy.dim[d]         = y->dim[d];
        copy.to_stride[d]   = y->stride[d];
        copy.from_stride[d] = own < 0 || c->dim[own] == 1 ? 0 : c->stride[own];
    }
    gli_copy_run(call->ctx, &copy);
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    if (((const gli_matmul_geom *)call->geom)->reads_c) copy_c(call);
    return gli_dnn_run(call, prepared, workspace);
}

GLI_DNN_PROVIDER(matmul, GLI_ACCEPTS_DNN, NULL, prepare, run);
