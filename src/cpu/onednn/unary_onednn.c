#include "ops/elementwise/unary_geom.h"

#include "core/provider.h"
#include "cpu/onednn/onednn.h"

static const char *flat(const glia_tensor *x, const glia_tensor *y) {
    return gli_is_packed(x) && gli_same_strides(x, y) ? NULL : "the tensors are not one range of memory each";
}

static const char *decline(const gli_call *call) {
    const gli_unary_geom *g = call->geom;
    /* With alpha 0 leaky_relu would be oneDNN's relu, which maps NaN to 0. Its elu is 0 near 0. */
    if (!gli_dnn_knows_unary(g->kind) || g->kind == GLIA_UNARY_ELU ||
        (g->kind == GLIA_UNARY_LEAKY_RELU && (float)g->alpha == 0))
        return "oneDNN has no such function, or not well";
    return flat(call->in[GLI_UNARY_X], call->out[0]);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_unary_geom *g = call->geom;
    const gli_dnn_view x = gli_dnn_flat(gli_dnn_in(call, GLI_UNARY_X)), y = gli_dnn_flat(gli_dnn_out(call, 0));
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_unary(dnn, g->kind, (float)g->alpha, (float)g->beta, &x, &y);
    return gli_dnn_end(dnn, out);
}

static int source(const gli_unary_geom *g) {
    return g->from == GLI_FROM_Y ? GLI_UNARY_BACKWARD_Y : GLI_UNARY_BACKWARD_X;
}

static const char *decline_backward(const gli_call *call) {
    const gli_unary_geom *g = call->geom;
    /* oneDNN's derivatives of abs, elu and leaky_relu are 1 at NaN, and that of exp from x is infinite there. Those of
     * relu and hard_swish pass NaN on where they are 0; that of gelu_tanh is NaN at large numbers; that of square
     * overflows before dx does. */
    if (g->from == GLI_FROM_NEITHER || g->kind == GLIA_UNARY_ABS || g->kind == GLIA_UNARY_ELU ||
        g->kind == GLIA_UNARY_LEAKY_RELU || (g->kind == GLIA_UNARY_EXP && g->from == GLI_FROM_X) ||
        g->kind == GLIA_UNARY_RELU || g->kind == GLIA_UNARY_HARD_SWISH || g->kind == GLIA_UNARY_GELU_TANH ||
        g->kind == GLIA_UNARY_SQUARE || !gli_dnn_knows_unary_backward(g->kind, g->from == GLI_FROM_Y))
        return "oneDNN has no such derivative, or not well";
    const char *reason = flat(call->in[source(g)], call->out[0]);
    return reason ? reason : flat(call->in[GLI_UNARY_BACKWARD_DY], call->out[0]);
}

static glia_status prepare_backward(const gli_call *call, gli_prepared *out) {
    const gli_unary_geom *g = call->geom;
    const gli_dnn_view x    = gli_dnn_flat(gli_dnn_in(call, source(g)));
    const gli_dnn_view dy   = gli_dnn_flat(gli_dnn_in(call, GLI_UNARY_BACKWARD_DY));
    const gli_dnn_view dx   = gli_dnn_flat(gli_dnn_out(call, 0));
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    gli_dnn_add_unary_backward(dnn, g->kind, g->from == GLI_FROM_Y, (float)g->alpha, (float)g->beta, &x, &dy, &dx);
    return gli_dnn_end(dnn, out);
}

GLI_DNN_PROVIDER(unary, GLI_ACCEPTS_DNN, decline, prepare, gli_dnn_run);
GLI_DNN_PROVIDER(unary_backward, GLI_ACCEPTS_DNN, decline_backward, prepare_backward, gli_dnn_run);
