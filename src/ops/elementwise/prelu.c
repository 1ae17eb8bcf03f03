#include "ops/elementwise/prelu_geom.h"

#include "core/derive.h"
#include "core/size.h"
#include "ops/check.h"
#include "ops/formula.h"

static glia_status resolve(gli_resolution *r) {
    gli_prelu_geom *g        = r->geom;
    const glia_tensor *x     = r->in[GLI_PRELU_X];
    const glia_tensor *slope = r->in[GLI_PRELU_SLOPE];
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_ndim(r, GLI_PRELU_SLOPE, 1));
    const int64_t channels = x->ndim > 1 ? x->dim[1] : 1;
    GLI_REQUIRE(r->ctx, slope->dim[0] == 1 || slope->dim[0] == channels, GLIA_SHAPE_MISMATCH,
                "%s: slope is %s, x %s has %lld channels: slope must be [1] or [%lld]", r->op->name,
                GLI_SHAPE_OF(slope), GLI_SHAPE_OF(x), (long long)channels, (long long)channels);
    g->count      = (int)gli_count(x);
    g->channels   = (int)slope->dim[0];
    int64_t inner = g->count;
    if (slope->dim[0] != 1 && g->count > 0) inner /= x->dim[0] * channels;
    g->inner = (int)gli_max_i64(inner, 1);
    gli_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_tensor *x = r->in[GLI_PRELU_X], *slope = r->in[GLI_PRELU_SLOPE];
    GLI_TRY(resolve(r));
    GLI_TRY(gli_check_shape(r, GLI_PRELU_DY, x->ndim, x->dim));
    gli_set_shape(&r->out[GLI_PRELU_DSLOPE], x->dtype, slope->ndim, slope->dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = ((const gli_prelu_geom *)geom)->count, .depth = 1};
}

static void cost_backward(const void *geom, gli_cost *out) {
    const gli_prelu_geom *g = geom;
    *out                    = (gli_cost){.flops = 3.0 * g->count,
                                         .depth = g->channels ? gli_sum_depth((double)g->count / g->channels) + 1 : 1};
}

static void derive(gli_derivation *d) {
    glia_value out[2];
    gli_derive_call(d, &gli_op_prelu_backward, NULL, 3,
                    (glia_value[]){d->in[GLI_PRELU_X], d->in[GLI_PRELU_SLOPE], d->dout[0]},
                    gli_requested(d, GLI_PRELU_SLOPE) ? 2 : 1, out);
    d->din[GLI_PRELU_X] = out[GLI_PRELU_DX];
    if (gli_requested(d, GLI_PRELU_SLOPE)) d->din[GLI_PRELU_SLOPE] = out[GLI_PRELU_DSLOPE];
}

/* dx = dy (x > 0 ? 1 : slope), dslope = the sum of dy x where x is not above 0. */
static void compose_backward(gli_derivation *d, glia_value *out) {
    const gli_prelu_geom *g = d->geom;
    const glia_value x = d->in[GLI_PRELU_X], dy = d->in[GLI_PRELU_DY];
    const int ndim    = glia_graph_shape(d->graph, x).ndim;
    glia_shape shape  = {0}; /* of the slope, aligned with x at the last axis */
    unsigned repeated = GLIA_ALL_AXES;
    if (g->channels != 1) {
        shape    = (glia_shape){ndim - 1, {g->channels, 1, 1, 1, 1, 1, 1}};
        repeated = ((1u << ndim) - 1) & ~GLIA_AXIS(1);
    }
    const glia_value above = gli_formula_unary(d, GLIA_UNARY_STEP, x);
    const glia_value below = gli_formula_linear(d, above, -1, 1);
    const glia_value slope = gli_formula_reshape(d, d->in[GLI_PRELU_SLOPE], shape);
    const glia_value terms = gli_formula_mul(d, gli_formula_mul(d, dy, below), x);
    out[GLI_PRELU_DX]      = gli_formula_mul(d, dy, gli_formula_add(d, above, gli_formula_mul(d, below, slope)));
    out[GLI_PRELU_DSLOPE]  = gli_formula_reshape(d, gli_formula_sum(d, terms, repeated), GLIA_SHAPE(g->channels));
}

static void derive_backward(gli_derivation *d) { gli_derive_composition(d, compose_backward); }

static const gli_op_input forward_inputs[] = {
    [GLI_PRELU_X]     = {"x", GLI_IN_GRADIENT},
    [GLI_PRELU_SLOPE] = {"slope", GLI_IN_GRADIENT},
};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IN_PLACE, GLI_PRELU_X}};

const gli_op gli_op_prelu = {
    .name = "prelu",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    .geom_size = sizeof(gli_prelu_geom),
    .layout    = GLI_LAYOUT_FOLLOW,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

static const gli_op_input backward_inputs[] = {
    [GLI_PRELU_X]     = {"x", GLI_IN_GRADIENT},
    [GLI_PRELU_SLOPE] = {"slope", GLI_IN_GRADIENT},
    [GLI_PRELU_DY]    = {"dy", GLI_IN_GRADIENT},
};
static const gli_op_output backward_outputs[] = {
    [GLI_PRELU_DX]     = {"dx", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE, GLI_PRELU_DY},
    [GLI_PRELU_DSLOPE] = {"dslope", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL},
};

const gli_op gli_op_prelu_backward = {
    .name = "prelu_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    .geom_size = sizeof(gli_prelu_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve_backward,
    .cost      = cost_backward,
    .exact     = gli_exact_always,
    .derive    = derive_backward,
};

glia_status glia_prelu(glia_context *ctx, const glia_tensor *x, const glia_tensor *slope, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_prelu, NULL, GLI_IN(x, slope), GLI_OUT(y));
}

glia_status glia_prelu_backward(glia_context *ctx, const glia_tensor *x, const glia_tensor *slope,
                                const glia_tensor *dy, glia_tensor *dx, glia_tensor *dslope) {
    return gli_call_op(ctx, &gli_op_prelu_backward, NULL, GLI_IN(x, slope, dy), GLI_OUT(dx, dslope));
}
