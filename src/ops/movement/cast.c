#include "ops/movement/cast_geom.h"

#include "core/derive.h"
#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_cast_params *p = r->params;
    const glia_tensor *x      = r->in[GLI_CAST_X];
    gli_cast_geom *g          = r->geom;
    g->count                  = (int)gli_count(x);
    g->from                   = x->dtype;
    g->to                     = p->dtype;
    gli_set_shape(&r->out[0], p->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){.depth = 1};
}

/* Integers have no gradient, in or out. */
static void derive(gli_derivation *d) {
    const gli_cast_geom *g = d->geom;
    if (!gli_dtype_is_float(g->from) || !gli_dtype_is_float(g->to)) return;
    d->din[GLI_CAST_X] = gli_derive(d, &gli_op_cast, &(glia_cast_params){.dtype = g->from}, d->dout[0]);
}

static const gli_op_input inputs[] = {
    [GLI_CAST_X] = {"x", GLI_IN_GRADIENT},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param fields[] = {
    GLI_PARAM_NAMED(glia_cast_params, dtype, gli_dtype_names),
};
static const glia_cast_params defaults = {.dtype = GLIA_F32};

const gli_op gli_op_cast = {
    .name = "cast",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_cast_geom),
    .layout    = GLI_LAYOUT_FOLLOW,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_status glia_cast(glia_context *ctx, const glia_cast_params *params, const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_cast, params, GLI_IN(x), GLI_OUT(y));
}
