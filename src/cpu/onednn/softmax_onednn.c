/* The derivative only: oneDNN's exponential makes a number of a NaN, so that its softmax of a NaN is 0, and the
 * derivative of its logarithm infinite. */
#include "ops/softmax/softmax_geom.h"

#include "cpu/onednn/onednn.h"

static const char *decline(const glia_call *call) {
    const glia_softmax_geom *g = call->geom;
    return g->log ? "oneDNN's exponential makes a number of a NaN" : glia_dnn_decline(call);
}

static glia_status prepare(const glia_call *call, glia_prepared *out) {
    const glia_softmax_geom *g = call->geom;
    const glia_dnn_view y = glia_dnn_in(call, SOFTMAX_BACKWARD_Y), dy = glia_dnn_in(call, SOFTMAX_BACKWARD_DY);
    const glia_dnn_view dx = glia_dnn_out(call, 0);
    glia_dnn *dnn;
    GLIA_TRY(glia_dnn_begin(call, &dnn));
    glia_dnn_add_softmax_backward(dnn, g->axis, &y, &dy, &dx);
    return glia_dnn_end(dnn, out);
}

GLIA_DNN_PROVIDER(softmax_backward, decline, prepare, glia_dnn_run);
