#include "ops/random/random_fill_geom.h"

#include "ops/check.h"

static const char *const kinds[] = {[GLIA_RANDOM_UNIFORM]          = "uniform",
                                    [GLIA_RANDOM_NORMAL]           = "normal",
                                    [GLIA_RANDOM_TRUNCATED_NORMAL] = "truncated_normal"};

/* Only those that the kind reads. */
static glia_status check_numbers(const gli_resolution *r, const glia_random_fill_params *p) {
    if (p->kind == GLIA_RANDOM_UNIFORM) {
        GLI_REQUIRE(r->ctx, p->low <= p->high, GLIA_INVALID_ARGUMENT, "%s: low is %g, high is %g: must be in order",
                    r->op->name, p->low, p->high);
        GLI_TRY(gli_check_finite(r, "low", p->low, p->dtype));
        GLI_TRY(gli_check_finite(r, "high", p->high, p->dtype));
        return gli_check_finite(r, "high - low", p->high - p->low, p->dtype);
    }
    GLI_REQUIRE(r->ctx, p->std >= 0, GLIA_INVALID_ARGUMENT, "%s: std is %g, must not be negative", r->op->name, p->std);
    GLI_TRY(gli_check_finite(r, "mean", p->mean, p->dtype));
    return gli_check_finite(r, "std", p->std, p->dtype);
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
    g->offset = p->kind == GLIA_RANDOM_UNIFORM ? p->low : p->mean;
    g->scale  = p->kind == GLIA_RANDOM_UNIFORM ? p->high - p->low : p->std;
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = 40.0 * ((const gli_random_fill_geom *)geom)->count, .depth = 1};
}

static const gli_op_output outputs[] = {{"y", 0}};

static const gli_op_param fields[] = {
    GLI_PARAM_NAMED(glia_random_fill_params, kind, kinds),
    GLI_PARAM(glia_random_fill_params, shape),
    GLI_PARAM_NAMED(glia_random_fill_params, dtype, gli_dtype_names),
    GLI_PARAM(glia_random_fill_params, low),
    GLI_PARAM(glia_random_fill_params, high),
    GLI_PARAM(glia_random_fill_params, mean),
    GLI_PARAM(glia_random_fill_params, std),
    GLI_PARAM_RANDOM(glia_random_fill_params, seed),
    GLI_PARAM_RANDOM(glia_random_fill_params, stream),
};
static const glia_random_fill_params defaults = {.high = 1, .std = 1};

const gli_op gli_op_random_fill = {
    .name = "random_fill",
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_random_fill_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve,
    .cost      = cost,
};

glia_random_fill_params glia_random_fill_defaults(void) { return defaults; }

glia_status glia_random_fill(glia_context *ctx, const glia_random_fill_params *params, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_random_fill, params, 0, NULL, GLI_OUT(y));
}
