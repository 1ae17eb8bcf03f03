#include "ops/elementwise/unary_geom.h"

#include "cpu/onednn/onednn.h"

static const char *flat(const glia_tensor *x, const glia_tensor *y) {
    return glia_is_packed(x) && glia_same_strides(x, y) ? NULL : "the tensors are not one range of memory each";
}

static const char *decline(const glia_call *call) {
    const glia_unary_geom *g = call->geom;
    if (!glia_dnn_knows_unary(g->kind)) return "oneDNN has no such function, or not well";
    const char *reason = glia_dnn_decline(call);
    return reason ? reason : flat(call->in[UNARY_X], call->out[0]);
}

static glia_status prepare(const glia_call *call, glia_prepared *out) {
    const glia_unary_geom *g = call->geom;
    const glia_dnn_view x = glia_dnn_flat(glia_dnn_in(call, UNARY_X)), y = glia_dnn_flat(glia_dnn_out(call, 0));
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_unary(dnn, g->kind, (float)g->alpha, (float)g->beta, &x, &y);
    return glia_dnn_end(dnn, out);
}

static int source(const glia_unary_geom *g) { return g->from == GLIA_FROM_Y ? UNARY_BACKWARD_Y : UNARY_BACKWARD_X; }

static const char *decline_backward(const glia_call *call) {
    const glia_unary_geom *g = call->geom;
    if (g->from == GLIA_FROM_NEITHER || !glia_dnn_knows_unary_backward(g->kind, g->from == GLIA_FROM_Y))
        return "oneDNN has no such derivative, or not well";
    const char *reason = glia_dnn_decline(call);
    if (!reason) reason = flat(call->in[source(g)], call->out[0]);
    return reason ? reason : flat(call->in[UNARY_BACKWARD_DY], call->out[0]);
}

static glia_status prepare_backward(const glia_call *call, glia_prepared *out) {
    const glia_unary_geom *g = call->geom;
    const glia_dnn_view x    = glia_dnn_flat(glia_dnn_in(call, source(g)));
    const glia_dnn_view dy   = glia_dnn_flat(glia_dnn_in(call, UNARY_BACKWARD_DY));
    const glia_dnn_view dx   = glia_dnn_flat(glia_dnn_out(call, 0));
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_unary_backward(dnn, g->kind, g->from == GLIA_FROM_Y, (float)g->alpha, (float)g->beta, &x, &dy, &dx);
    return glia_dnn_end(dnn, out);
}

GLIA_DNN_PROVIDER(unary, decline, prepare, glia_dnn_run);
GLIA_DNN_PROVIDER(unary_backward, decline_backward, prepare_backward, glia_dnn_run);
