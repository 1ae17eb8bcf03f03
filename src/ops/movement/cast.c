#include "ops/movement/cast_geom.h"

#include "core/derive.h"
#include "ops/check.h"

static glia_status resolve(glia_resolution *r) {
    const glia_cast_params *p = r->params;
    const glia_tensor *x      = r->in[CAST_X];
    glia_cast_geom *g         = r->geom;
    GLIA_REQUIRE(r->ctx, glia_dtype_valid(p->dtype), GLIA_INVALID_ARGUMENT, "%s: dtype is %d, no glia_dtype",
                 r->op->name, (int)p->dtype);
    g->count = (int)glia_count(x);
    g->from  = x->dtype;
    g->to    = p->dtype;
    glia_set_shape(&r->out[0], p->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static void cost(const void *geom, glia_cost *out) {
    (void)geom;
    *out = (glia_cost){.depth = 1};
}

/* Integers have no gradient, in or out. */
static void derive(glia_derivation *d) {
    const glia_cast_geom *g = d->geom;
    if (!glia_dtype_is_float(g->from) || !glia_dtype_is_float(g->to)) return;
    d->din[CAST_X] = glia_derive(d, &glia_op_cast, &(glia_cast_params){.dtype = g->from}, d->dout[0]);
}

static const char *const in_names[] = {"x"}, *const out_names[] = {"y"};

const glia_op glia_op_cast = {
    .name           = "cast",
    .in_names       = in_names,
    .out_names      = out_names,
    .params_size    = sizeof(glia_cast_params),
    .geom_size      = sizeof(glia_cast_geom),
    .min_in         = 1,
    .max_in         = 1,
    .n_out          = 1,
    .differentiable = 1,
    .layout         = GLIA_LAYOUT_FOLLOW,
    .resolve        = resolve,
    .cost           = cost,
    .exact          = glia_exact_always,
    .derive         = derive,
};

glia_status glia_cast(glia_context *ctx, const glia_cast_params *params, const glia_tensor *x, glia_tensor *y) {
    return glia_call_op(ctx, &glia_op_cast, params, 1, (const glia_tensor *[]){x}, 1, (glia_tensor *[]){y});
}
