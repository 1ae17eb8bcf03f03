#include "ops/random/random_fill_geom.h"

#include <math.h>

#include "ops/check.h"

static glia_status check_numbers(const gli_resolution *r, const glia_random_fill_params *p) {
    const char *op = r->op->name;
    GLI_REQUIRE(r->ctx, (unsigned)p->kind <= GLIA_TRUNCATED_NORMAL, GLIA_INVALID_ARGUMENT,
                "%s: kind is %d, must be 0 to %d", op, (int)p->kind, (int)GLIA_TRUNCATED_NORMAL);
    GLI_REQUIRE(r->ctx, isfinite(p->low) && isfinite(p->high) && p->low <= p->high, GLIA_INVALID_ARGUMENT,
                "%s: low is %g, high is %g: must be finite and in order", op, (double)p->low, (double)p->high);
    GLI_REQUIRE(r->ctx, isfinite(p->mean) && isfinite(p->std) && p->std >= 0, GLIA_INVALID_ARGUMENT,
                "%s: mean is %g, std is %g: must be finite, and std not negative", op, (double)p->mean, (double)p->std);
    return GLIA_OK;
}

static glia_status resolve(gli_resolution *r) {
    const glia_random_fill_params *p = r->params;
    gli_random_fill_geom *g          = r->geom;
    GLI_TRY(check_numbers(r, p));
    GLI_TRY(gli_shape_check(r->ctx, r->op->name, p->dtype, p->shape));
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(p->dtype), GLIA_DTYPE_MISMATCH, "%s: dtype is %s, must be a float",
                r->op->name, glia_dtype_name(p->dtype));
    gli_set_shape(&r->out[0], p->dtype, p->shape.ndim, p->shape.dim);
    GLI_TRY(gli_check_count(r, &r->out[0], "y"));
    g->kind   = p->kind;
    g->seed   = p->seed;
    g->stream = p->stream;
    g->count  = (int)gli_count(&r->out[0]);
    if (p->kind == GLIA_UNIFORM) {
        const bool defaults = p->low == 0 && p->high == 0;
        g->offset           = p->low;
        g->scale            = defaults ? 1 : (double)p->high - (double)p->low;
    } else {
        g->offset = p->mean;
        g->scale  = p->std == 0 ? 1 : (double)p->std;
    }
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = 40.0 * ((const gli_random_fill_geom *)geom)->count, .depth = 1};
}

static const gli_op_output outputs[] = {{"y", 0}};

const gli_op gli_op_random_fill = {
    .name = "random_fill",
    GLI_OUTPUTS(outputs),
    .params_size = sizeof(glia_random_fill_params),
    .geom_size   = sizeof(gli_random_fill_geom),
    .layout      = GLI_LAYOUT_DENSE,
    .resolve     = resolve,
    .cost        = cost,
};

glia_status glia_random_fill(glia_context *ctx, const glia_random_fill_params *params, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_random_fill, params, 0, NULL, 1, (glia_tensor *[]){y});
}
