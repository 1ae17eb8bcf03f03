#include "ops/pool/interpolate_geom.h"

#include "core/derive.h"
#include "ops/check.h"

static const char *const modes[]       = {"nearest", "linear"};
static const char *const coordinates[] = {"half_pixel", "align_corners", "asymmetric"};
static const char *const roundings[]   = {"prefer_ceil", "prefer_floor", "floor", "ceil"};

/* `given` is input 0, `made` the output: x and y, or dy and dx. */
static glia_status resolve(gli_resolution *r, int *given, int *made) {
    const glia_interpolate_params *p = r->params;
    gli_interpolate_geom *g          = r->geom;
    const glia_tensor *x             = r->in[0];
    const char *op                   = r->op->name;
    int64_t dim[2 + GLIA_MAX_SPATIAL];
    GLI_TRY(gli_check_floats(r));
    GLI_REQUIRE(r->ctx, x->ndim >= 3 && x->ndim <= 2 + GLIA_MAX_SPATIAL, GLIA_SHAPE_MISMATCH,
                "%s: %s is %s, must have 3 to 5 dimensions", op, r->op->inputs[0].name, GLI_SHAPE_OF(x));
    g->mode = p->mode, g->coordinates = p->coordinates, g->rounding = p->rounding;
    g->missing = 2 + GLIA_MAX_SPATIAL - x->ndim;
    dim[0] = x->dim[0], dim[1] = x->dim[1];
    for (int d = 0; d < g->missing; ++d) given[d] = made[d] = 1;
    for (int i = 2; i < x->ndim; ++i) {
        const int size = p->size[i - 2];
        GLI_REQUIRE(r->ctx, size >= 1, GLIA_INVALID_ARGUMENT, "%s: size[%d] is %d, must be positive", op, i - 2, size);
        GLI_REQUIRE(r->ctx, x->dim[i] >= 1 && x->dim[i] <= INT32_MAX, GLIA_SHAPE_MISMATCH,
                    "%s: %s is %s: there is nothing to interpolate", op, r->op->inputs[0].name, GLI_SHAPE_OF(x));
        GLI_REQUIRE(r->ctx, (double)x->dim[i] * size < 0x1p50, GLIA_UNSUPPORTED,
                    "%s: %lld elements to %d: their product must be below 2^50", op, (long long)x->dim[i], size);
        given[i - 2 + g->missing] = (int)x->dim[i];
        made[i - 2 + g->missing]  = size;
        dim[i]                    = size;
    }
    gli_set_shape(&r->out[0], x->dtype, x->ndim, dim);
    GLI_TRY(gli_check_count(r, &r->out[0], r->op->outputs[0].name));
    g->n = (int)gli_count(x) ? (int)x->dim[0] : 0, g->c = (int)gli_count(x) ? (int)x->dim[1] : 0;
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) {
    gli_interpolate_geom *g = r->geom;
    return resolve(r, g->in, g->out);
}

static glia_status resolve_backward(gli_resolution *r) {
    gli_interpolate_geom *g = r->geom;
    return resolve(r, g->out, g->in);
}

static double count(const gli_interpolate_geom *g, const int *size) {
    return (double)g->n * g->c * size[0] * size[1] * size[2];
}

/* Along each dimension a weight is two roundings, and its product with what was there one more. */
static void cost(const void *geom, gli_cost *out) {
    const gli_interpolate_geom *g = geom;
    const bool nearest            = g->mode == GLIA_INTERPOLATE_NEAREST;
    *out = (gli_cost){.flops = count(g, g->out) * (nearest ? 1 : 16), .depth = nearest ? 1 : 9 + gli_sum_depth(8)};
}

static void cost_backward(const void *geom, gli_cost *out) {
    const gli_interpolate_geom *g = geom;
    double terms                  = 1;
    for (int d = 0; d < GLIA_MAX_SPATIAL; ++d)
        if (g->out[d] > 1) terms *= g->in[d] == 1 ? g->out[d] : 2.0 * g->out[d] / g->in[d] + 2;
    *out = (gli_cost){.flops = count(g, g->out) * 16, .depth = 9 + gli_sum_depth(terms)};
}

static bool exact(const void *geom) { return ((const gli_interpolate_geom *)geom)->mode == GLIA_INTERPOLATE_NEAREST; }

/* Each op is linear and the gradient of the other. */
static void derive(gli_derivation *d) {
    const gli_interpolate_geom *g  = d->geom;
    const bool forward             = d->op == &gli_op_interpolate;
    const int *size                = (forward ? g->in : g->out) + g->missing;
    glia_interpolate_params params = *(const glia_interpolate_params *)d->params;
    for (int i = 0; i < GLIA_MAX_SPATIAL - g->missing; ++i) params.size[i] = size[i];
    d->din[0] = gli_derive(d, forward ? &gli_op_interpolate_backward : &gli_op_interpolate, &params, d->dout[0]);
}

static const gli_op_param fields[] = {
    GLI_PARAM(glia_interpolate_params, size),
    GLI_PARAM_NAMED(glia_interpolate_params, mode, modes),
    GLI_PARAM_NAMED(glia_interpolate_params, coordinates, coordinates),
    GLI_PARAM_NAMED(glia_interpolate_params, rounding, roundings),
};
static const glia_interpolate_params defaults = {.mode = GLIA_INTERPOLATE_NEAREST};

static const gli_op_input forward_inputs[]   = {{"x", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

const gli_op gli_op_interpolate = {
    .name = "interpolate",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_interpolate_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_forward,
    .cost      = cost,
    .exact     = exact,
    .derive    = derive,
};

static const gli_op_input backward_inputs[]   = {{"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output backward_outputs[] = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

const gli_op gli_op_interpolate_backward = {
    .name = "interpolate_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_interpolate_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_backward,
    .cost      = cost_backward,
    .exact     = exact,
    .derive    = derive,
};

glia_interpolate_params glia_interpolate_defaults(void) { return defaults; }

glia_status glia_interpolate(glia_context *ctx, const glia_interpolate_params *params, const glia_tensor *x,
                             glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_interpolate, params, GLI_IN(x), GLI_OUT(y));
}

glia_status glia_interpolate_backward(glia_context *ctx, const glia_interpolate_backward_params *params,
                                      const glia_tensor *dy, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_interpolate_backward, params, GLI_IN(dy), GLI_OUT(dx));
}
