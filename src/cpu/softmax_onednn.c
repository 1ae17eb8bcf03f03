#include "ops/softmax.h"

#include "cpu/onednn.h"

static const char *decline(const glia_call *call) {
    const glia_softmax_geom *g = call->geom;
    return g->log ? "oneDNN's logarithm is off by 50 units in the last place" : glia_dnn_decline(call);
}

static glia_status prepare(const glia_call *call, glia_prepared *out) {
    const glia_softmax_geom *g = call->geom;
    const glia_dnn_view x = glia_dnn_in(call, SOFTMAX_X), y = glia_dnn_out(call, 0);
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_softmax(dnn, g->axis, &x, &y);
    return glia_dnn_end(dnn, out);
}

static glia_status prepare_backward(const glia_call *call, glia_prepared *out) {
    const glia_softmax_geom *g = call->geom;
    const glia_dnn_view y = glia_dnn_in(call, SOFTMAX_BACKWARD_Y), dy = glia_dnn_in(call, SOFTMAX_BACKWARD_DY);
    const glia_dnn_view dx = glia_dnn_out(call, 0);
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_softmax_backward(dnn, g->axis, g->log, &y, &dy, &dx);
    return glia_dnn_end(dnn, out);
}

GLIA_DNN_PROVIDER(softmax, decline, prepare, glia_dnn_run);
GLIA_DNN_PROVIDER(softmax_backward, glia_dnn_decline, prepare_backward, glia_dnn_run);
