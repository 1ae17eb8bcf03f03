#include "ops/optimizer/check_finite_geom.h"

#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    gli_check_finite_geom *g = r->geom;
    const glia_tensor *x     = r->in[GLI_CHECK_FINITE_X];
    const glia_tensor *y     = r->n_in > GLI_CHECK_FINITE_Y ? r->in[GLI_CHECK_FINITE_Y] : NULL;
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(x->dtype), GLIA_DTYPE_MISMATCH, "%s: x is %s, must be a float", r->op->name,
                glia_dtype_name(x->dtype));
    GLI_REQUIRE(r->ctx, !y || y->dtype == x->dtype, GLIA_DTYPE_MISMATCH, "%s: x is %s, y is %s", r->op->name,
                glia_dtype_name(x->dtype), glia_dtype_name(y->dtype));
    GLI_TRY(gli_check_scalar(r, GLI_CHECK_FINITE_STEP, GLIA_I64));
    GLI_TRY(gli_check_scalar(r, GLI_CHECK_FINITE_FAILED, GLIA_I64));
    g->x_count = (int)gli_count(x);
    g->y_count = y ? (int)gli_count(y) : 0;
    gli_set_shape(&r->out[0], GLIA_I64, 0, NULL);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const gli_check_finite_geom *g = geom;
    *out                           = (gli_cost){.flops = (double)g->x_count + g->y_count, .depth = 1};
}

static const gli_op_input inputs[] = {
    [GLI_CHECK_FINITE_X]      = {"x", 0},
    [GLI_CHECK_FINITE_STEP]   = {"step", GLI_IN_INDEX},
    [GLI_CHECK_FINITE_FAILED] = {"failed", GLI_IN_INDEX},
    [GLI_CHECK_FINITE_Y]      = {"y", GLI_IN_OPTIONAL},
};
static const gli_op_output outputs[] = {{"new_failed", GLI_OUT_IN_PLACE | GLI_OUT_INDEX, GLI_CHECK_FINITE_FAILED}};

const gli_op gli_op_check_finite = {
    .name = "check_finite",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    .geom_size = sizeof(gli_check_finite_geom),
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
};

glia_status glia_check_finite(glia_context *ctx, const glia_tensor *x, const glia_tensor *step,
                              const glia_tensor *failed, const glia_tensor *y, glia_tensor *new_failed) {
    return gli_call_op(ctx, &gli_op_check_finite, NULL, GLI_IN(x, step, failed, y), GLI_OUT(new_failed));
}
