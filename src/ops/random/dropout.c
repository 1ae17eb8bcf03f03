#include "ops/random/dropout_geom.h"

#include <math.h>

#include "core/derive.h"
#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_dropout_params *p = r->params;
    gli_dropout_geom *g          = r->geom;
    const glia_tensor *x         = r->in[GLI_DROPOUT_X];
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(x->dtype), GLIA_DTYPE_MISMATCH, "%s: x is %s, must be a float", r->op->name,
                glia_dtype_name(x->dtype));
    GLI_REQUIRE(r->ctx, p->p >= 0 && p->p <= 1, GLIA_INVALID_ARGUMENT, "%s: p is %g, must be from 0 to 1", r->op->name,
                p->p);
    if (r->n_in > GLI_DROPOUT_STEP && r->in[GLI_DROPOUT_STEP]) {
        const glia_tensor *step = r->in[GLI_DROPOUT_STEP];
        GLI_REQUIRE(r->ctx, step->dtype == GLIA_I64, GLIA_DTYPE_MISMATCH, "%s: step is %s, must be i64", r->op->name,
                    glia_dtype_name(step->dtype));
        GLI_TRY(gli_check_ndim(r, GLI_DROPOUT_STEP, 0));
    }
    g->seed      = p->seed;
    g->stream    = p->stream;
    g->threshold = (uint64_t)ceil(p->p * 0x1p32);
    g->scale     = p->p < 1 ? 1 / (1 - p->p) : 0;
    g->count     = (int)gli_count(x);
    gli_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    /* a Philox call of 10 rounds makes 4 elements */
    *out = (gli_cost){.flops = 20.0 * ((const gli_dropout_geom *)geom)->count, .depth = 2};
}

static bool exact(const void *geom) {
    const double scale = ((const gli_dropout_geom *)geom)->scale;
    return scale == floor(scale);
}

static void derive(gli_derivation *d) {
    const glia_value step = d->n_in > GLI_DROPOUT_STEP ? d->in[GLI_DROPOUT_STEP] : (glia_value){0};
    d->din[GLI_DROPOUT_X] = gli_derive(d, &gli_op_dropout, d->params, d->dout[0], step);
}

static const gli_op_input inputs[] = {
    [GLI_DROPOUT_X]    = {"x", GLI_IN_GRADIENT},
    [GLI_DROPOUT_STEP] = {"step", GLI_IN_OPTIONAL | GLI_IN_INDEX},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IN_PLACE, GLI_DROPOUT_X}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_dropout_params, p),
    GLI_PARAM_RANDOM(glia_dropout_params, seed),
    GLI_PARAM_RANDOM(glia_dropout_params, stream),
};
static const glia_dropout_params defaults = {.p = 0};

const gli_op gli_op_dropout = {
    .name = "dropout",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_dropout_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = exact,
    .derive    = derive,
};

glia_status glia_dropout(glia_context *ctx, const glia_dropout_params *params, const glia_tensor *x,
                         const glia_tensor *step, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_dropout, params, GLI_IN(x, step), GLI_OUT(y));
}
