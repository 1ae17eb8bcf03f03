/* The derivative only: oneDNN's exponential maps NaN to a finite number, so that its softmax of a NaN is 0, and the
 * derivative of its logarithm infinite. */
#include "core/provider.h"
#include "cpu/onednn/onednn.h"
#include "ops/softmax/softmax_geom.h"

static const char *decline(const gli_call *call) {
    const gli_softmax_geom *g = call->geom;
    return g->log ? "oneDNN's exponential maps NaN to a finite number" : NULL;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_softmax_geom *g = call->geom;
    const gli_dnn_view y = gli_dnn_in(call, GLI_SOFTMAX_BACKWARD_Y), dy = gli_dnn_in(call, GLI_SOFTMAX_BACKWARD_DY);
    const gli_dnn_view dx = gli_dnn_out(call, 0);
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_softmax_backward(dnn, g->axis, &y, &dy, &dx);
    return gli_dnn_end(dnn, out);
}

GLI_DNN_PROVIDER(softmax_backward, GLI_ACCEPTS_DNN, decline, prepare, gli_dnn_run);
