#include "ops/movement/expand_geom.h"

#include "core/derive.h"
#include "glia/ops/reduce.h"
#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_shape *shape = &((const glia_expand_params *)r->params)->shape;
    gli_expand_geom *g      = r->geom;
    const glia_tensor *x    = r->in[GLI_EXPAND_X];
    GLI_REQUIRE(r->ctx, shape->ndim >= x->ndim && shape->ndim <= GLIA_MAX_DIMS, GLIA_SHAPE_MISMATCH,
                "%s: shape has %d dimensions, x is %s", r->op->name, shape->ndim, GLI_SHAPE_OF(x));
    g->ndim  = shape->ndim;
    g->added = shape->ndim - x->ndim;
    for (int i = 0; i < g->ndim; ++i) {
        const bool added        = i < g->added;
        const int64_t own       = added ? 1 : x->dim[i - g->added];
        const int64_t requested = shape->dim[i] == -1 && !added ? own : shape->dim[i];
        GLI_REQUIRE(r->ctx, requested >= 0, GLIA_INVALID_ARGUMENT, "%s: dimension %d of shape is %lld", r->op->name, i,
                    (long long)requested);
        GLI_REQUIRE(r->ctx, own == 1 || own == requested, GLIA_SHAPE_MISMATCH,
                    "%s: x is %s, dimension %d of shape is %lld: only dimensions of 1 are repeated", r->op->name,
                    GLI_SHAPE_OF(x), i, (long long)requested);
        g->dim[i]      = requested;
        g->repeated[i] = added || own != requested;
    }
    gli_set_shape(&r->out[0], x->dtype, g->ndim, g->dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

static void derive(gli_derivation *d) {
    const gli_expand_geom *g = d->geom;
    glia_reduce_params sum   = {.kind = GLIA_REDUCE_SUM, .keep_dims = true};
    glia_reshape_params back = {.shape.ndim = g->ndim - g->added};
    for (int i = 0; i < g->ndim; ++i) {
        if (g->repeated[i]) sum.axes |= GLIA_AXIS(i);
        if (i >= g->added) back.shape.dim[i - g->added] = g->repeated[i] ? 1 : g->dim[i];
    }
    glia_value dx = d->dout[0];
    if (sum.axes) dx = gli_derive(d, &gli_op_reduce, &sum, dx);
    d->din[GLI_EXPAND_X] = gli_derive(d, &gli_op_reshape, &back, dx);
}

static const gli_op_input inputs[] = {
    [GLI_EXPAND_X] = {"x", GLI_IN_GRADIENT},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_expand_params, shape),
};
static const glia_expand_params defaults = {.shape.ndim = 0};

const gli_op gli_op_expand = {
    .name = "expand",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_expand_geom),
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_status glia_expand(glia_context *ctx, const glia_expand_params *params, const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_expand, params, GLI_IN(x), GLI_OUT(y));
}
