#include "ops/softmax/softmax_geom.h"

#include "core/derive.h"
#include "ops/check.h"
#include "ops/formula.h"

static glia_status resolve(gli_resolution *r) {
    const glia_softmax_params *p = r->params;
    gli_softmax_geom *g          = r->geom;
    const glia_tensor *x         = r->in[0];
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_axis(r, p->axis, x->ndim, &g->axis));
    gli_split_at(x, g->axis, &g->outer, &g->length, &g->inner);
    g->log = p->log;
    gli_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    GLI_TRY(resolve(r));
    return gli_check_shape(r, GLI_SOFTMAX_BACKWARD_DY, r->in[0]->ndim, r->in[0]->dim);
}

static void cost(const void *geom, gli_cost *out) {
    const gli_softmax_geom *g = geom;
    *out = (gli_cost){.flops = 5.0 * g->outer * g->length * g->inner, .depth = gli_sum_depth(g->length) + 4};
}

static void derive(gli_derivation *d) {
    d->din[GLI_SOFTMAX_X] = gli_derive(d, &gli_op_softmax_backward, d->params, d->out[0], d->dout[0]);
}

static void compose_backward(gli_derivation *d, glia_value *out) {
    const gli_softmax_geom *g = d->geom;
    const glia_value y = d->in[GLI_SOFTMAX_BACKWARD_Y], dy = d->in[GLI_SOFTMAX_BACKWARD_DY];
    const unsigned axis = GLIA_AXIS(g->axis);
    if (g->log) {
        const glia_value share = gli_formula_unary(d, GLIA_UNARY_EXP, y);
        out[0]                 = gli_formula_sub(d, dy, gli_formula_mul(d, share, gli_formula_sum(d, dy, axis)));
    } else {
        const glia_value mean = gli_formula_sum(d, gli_formula_mul(d, dy, y), axis);
        out[0]                = gli_formula_mul(d, y, gli_formula_sub(d, dy, mean));
    }
}

static void derive_backward(gli_derivation *d) { gli_derive_composition(d, compose_backward); }

static const gli_op_input forward_inputs[] = {
    [GLI_SOFTMAX_X] = {"x", GLI_IN_GRADIENT},
};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IN_PLACE, GLI_SOFTMAX_X}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_softmax_params, axis),
    GLI_PARAM(glia_softmax_params, log),
};
static const glia_softmax_params defaults = {.axis = -1};

const gli_op gli_op_softmax = {
    .name = "softmax",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_softmax_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve,
    .cost      = cost,
    .derive    = derive,
};

static const gli_op_input backward_inputs[] = {
    [GLI_SOFTMAX_BACKWARD_Y]  = {"y", GLI_IN_GRADIENT},
    [GLI_SOFTMAX_BACKWARD_DY] = {"dy", GLI_IN_GRADIENT},
};
static const gli_op_output backward_outputs[] = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IN_PLACE, GLI_SOFTMAX_BACKWARD_DY}};

const gli_op gli_op_softmax_backward = {
    .name = "softmax_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_softmax_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve_backward,
    .cost      = cost,
    .derive    = derive_backward,
};

glia_softmax_params glia_softmax_defaults(void) { return defaults; }

glia_status glia_softmax(glia_context *ctx, const glia_softmax_params *params, const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_softmax, params, GLI_IN(x), GLI_OUT(y));
}

glia_status glia_softmax_backward(glia_context *ctx, const glia_softmax_params *params, const glia_tensor *y,
                                  const glia_tensor *dy, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_softmax_backward, params, GLI_IN(y, dy), GLI_OUT(dx));
}
