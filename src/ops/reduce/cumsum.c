#include "ops/reduce/cumsum_geom.h"

#include "core/derive.h"
#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_cumsum_params *p = r->params;
    gli_cumsum_geom *g          = r->geom;
    const glia_tensor *x        = r->in[0];
    int axis;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_axis(r, p->axis, x->ndim, &axis));
    gli_split_at(x, axis, &g->outer, &g->length, &g->inner);
    g->exclusive = p->exclusive, g->reverse = p->reverse;
    gli_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

/* A running sum is one chain; providers add in wider numbers or in trees. */
static void cost(const void *geom, gli_cost *out) {
    const gli_cumsum_geom *g = geom;
    *out = (gli_cost){.flops = (double)g->outer * g->length * g->inner, .depth = 1 + (double)g->length};
}

/* dx of an element is the sum of dy from there on. */
static void derive(gli_derivation *d) {
    glia_cumsum_params params = *(const glia_cumsum_params *)d->params;
    params.reverse            = !params.reverse;
    d->din[0]                 = gli_derive(d, &gli_op_cumsum, &params, d->dout[0]);
}

static const gli_op_input inputs[]   = {{"x", GLI_IN_GRADIENT}};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_cumsum_params, axis),
    GLI_PARAM(glia_cumsum_params, exclusive),
    GLI_PARAM(glia_cumsum_params, reverse),
};
static const glia_cumsum_params defaults = {.axis = -1};

const gli_op gli_op_cumsum = {
    .name = "cumsum",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_cumsum_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_cumsum_params glia_cumsum_defaults(void) { return defaults; }

glia_status glia_cumsum(glia_context *ctx, const glia_cumsum_params *params, const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_cumsum, params, GLI_IN(x), GLI_OUT(y));
}
