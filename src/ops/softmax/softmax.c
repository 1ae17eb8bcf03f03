#include "ops/softmax/softmax_geom.h"

#include "core/derive.h"
#include "ops/check.h"

static glia_status resolve(glia_resolution *r) {
    const glia_softmax_params *p = r->params;
    glia_softmax_geom *g         = r->geom;
    const glia_tensor *x         = r->in[0];
    GLIA_TRY(glia_check_floats(r));
    GLIA_TRY(glia_check_axis(r, p->axes, -1, x->ndim, &g->axis));
    glia_split_at(x, g->axis, &g->outer, &g->length, &g->inner);
    g->log = p->log;
    glia_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static glia_status resolve_backward(glia_resolution *r) {
    GLIA_TRY(resolve(r));
    return glia_check_shape(r, SOFTMAX_BACKWARD_DY, r->in[0]->ndim, r->in[0]->dim);
}

static void cost(const void *geom, glia_cost *out) {
    const glia_softmax_geom *g = geom;
    *out = (glia_cost){.flops = 5.0 * g->outer * g->length * g->inner, .depth = (double)g->length + 4};
}

static void derive(glia_derivation *d) {
    d->din[SOFTMAX_X] = glia_derive(d, &glia_op_softmax_backward, d->params, d->out[0], d->dout[0]);
}

static const char *const forward_in[] = {"x"}, *const forward_out[] = {"y"};
static const char *const backward_in[] = {"y", "dy"}, *const backward_out[] = {"dx"};

const glia_op glia_op_softmax = {
    .name           = "softmax",
    .in_names       = forward_in,
    .out_names      = forward_out,
    .params_size    = sizeof(glia_softmax_params),
    .geom_size      = sizeof(glia_softmax_geom),
    .min_in         = 1,
    .max_in         = 1,
    .n_out          = 1,
    .differentiable = 1,
    .layout         = GLIA_LAYOUT_DENSE,
    .in_place       = {1 + SOFTMAX_X},
    .resolve        = resolve,
    .cost           = cost,
    .derive         = derive,
};

const glia_op glia_op_softmax_backward = {
    .name        = "softmax_backward",
    .in_names    = backward_in,
    .out_names   = backward_out,
    .params_size = sizeof(glia_softmax_params),
    .geom_size   = sizeof(glia_softmax_geom),
    .min_in      = 2,
    .max_in      = 2,
    .n_out       = 1,
    .layout      = GLIA_LAYOUT_DENSE,
    .in_place    = {1 + SOFTMAX_BACKWARD_DY},
    .resolve     = resolve_backward,
    .cost        = cost,
};

glia_status glia_softmax(glia_context *ctx, const glia_softmax_params *params, const glia_tensor *x, glia_tensor *y) {
    return glia_call_op(ctx, &glia_op_softmax, params, 1, (const glia_tensor *[]){x}, 1, (glia_tensor *[]){y});
}

glia_status glia_softmax_backward(glia_context *ctx, const glia_softmax_params *params, const glia_tensor *y,
                                  const glia_tensor *dy, glia_tensor *dx) {
    return glia_call_op(ctx, &glia_op_softmax_backward, params, 2, (const glia_tensor *[]){y, dy}, 1,
                        (glia_tensor *[]){dx});
}
