#include "ops/elementwise/select_geom.h"

#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    gli_select_geom *g   = r->geom;
    const glia_tensor *a = r->in[GLI_SELECT_A], *b = r->in[GLI_SELECT_B];
    GLI_TRY(gli_check_scalar(r, GLI_SELECT_CONDITION, GLIA_I64));
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(a->dtype) && a->dtype == b->dtype, GLIA_DTYPE_MISMATCH,
                "%s: a is %s and b %s, must be one float dtype", r->op->name, glia_dtype_name(a->dtype),
                glia_dtype_name(b->dtype));
    GLI_TRY(gli_check_shape(r, GLI_SELECT_B, a->ndim, a->dim));
    g->count = (int)gli_count(a);
    gli_set_shape(&r->out[0], a->dtype, a->ndim, a->dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = ((const gli_select_geom *)geom)->count, .depth = 1};
}

static const gli_op_input inputs[] = {
    [GLI_SELECT_CONDITION] = {"condition", GLI_IN_INDEX},
    [GLI_SELECT_A]         = {"a", 0},
    [GLI_SELECT_B]         = {"b", 0},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_IN_PLACE, GLI_SELECT_A}};

const gli_op gli_op_select = {
    .name = "select",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    .geom_size = sizeof(gli_select_geom),
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
};

glia_status glia_select(glia_context *ctx, const glia_tensor *condition, const glia_tensor *a, const glia_tensor *b,
                        glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_select, NULL, GLI_IN(condition, a, b), GLI_OUT(y));
}
