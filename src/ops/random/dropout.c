#include "ops/random/dropout_geom.h"

#include <math.h>

#include "core/derive.h"
#include "ops/check.h"

static glia_status resolve(glia_resolution *r) {
    const glia_dropout_params *p = r->params;
    glia_dropout_geom *g         = r->geom;
    const glia_tensor *x         = r->in[DROPOUT_X];
    GLIA_REQUIRE(r->ctx, glia_dtype_is_float(x->dtype), GLIA_DTYPE_MISMATCH, "%s: x is %s, must be a float",
                 r->op->name, glia_dtype_name(x->dtype));
    GLIA_REQUIRE(r->ctx, p->p >= 0 && p->p <= 1, GLIA_INVALID_ARGUMENT, "%s: p is %g, must be from 0 to 1", r->op->name,
                 (double)p->p);
    if (r->n_in > DROPOUT_STEP && r->in[DROPOUT_STEP]) {
        const glia_tensor *step = r->in[DROPOUT_STEP];
        GLIA_REQUIRE(r->ctx, step->dtype == GLIA_I64, GLIA_DTYPE_MISMATCH, "%s: step is %s, must be i64", r->op->name,
                     glia_dtype_name(step->dtype));
        GLIA_TRY(glia_check_ndim(r, DROPOUT_STEP, 0));
    }
    g->seed      = p->seed;
    g->stream    = p->stream;
    g->threshold = (uint64_t)ceil((double)p->p * 0x1p32);
    g->scale     = p->p < 1 ? 1 / (1 - (double)p->p) : 0;
    g->count     = (int)glia_count(x);
    glia_set_shape(&r->out[0], x->dtype, x->ndim, x->dim);
    return GLIA_OK;
}

static void cost(const void *geom, glia_cost *out) {
    /* a Philox call of 10 rounds makes 4 elements */
    *out = (glia_cost){.flops = 20.0 * ((const glia_dropout_geom *)geom)->count, .depth = 2};
}

static bool exact(const void *geom) {
    const double scale = ((const glia_dropout_geom *)geom)->scale;
    return scale == floor(scale);
}

static void derive(glia_derivation *d) {
    const glia_value step = d->n_in > DROPOUT_STEP ? d->in[DROPOUT_STEP] : (glia_value){0};
    d->din[DROPOUT_X]     = glia_derive(d, &glia_op_dropout, d->params, d->dout[0], step);
}

static const char *const in_names[] = {"x", "step"}, *const out_names[] = {"y"};

const glia_op glia_op_dropout = {
    .name           = "dropout",
    .in_names       = in_names,
    .out_names      = out_names,
    .params_size    = sizeof(glia_dropout_params),
    .geom_size      = sizeof(glia_dropout_geom),
    .min_in         = 1,
    .max_in         = 2,
    .n_out          = 1,
    .differentiable = 1,
    .layout         = GLIA_LAYOUT_DENSE,
    .in_place       = {1 + DROPOUT_X},
    .resolve        = resolve,
    .cost           = cost,
    .exact          = exact,
    .derive         = derive,
};

glia_status glia_dropout(glia_context *ctx, const glia_dropout_params *params, const glia_tensor *x,
                         const glia_tensor *step, glia_tensor *y) {
    return glia_call_op(ctx, &glia_op_dropout, params, 2, (const glia_tensor *[]){x, step}, 1, (glia_tensor *[]){y});
}
