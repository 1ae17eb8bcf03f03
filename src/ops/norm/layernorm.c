#include "ops/norm/layernorm_geom.h"

#include "ops/norm/norm_checks.h"
#include "ops/norm/norm_derive.h"

/* Checks dims and sets the geometry; *leading dimensions come before the group. */
static glia_status resolve_rows(gli_resolution *r, int dims, int *leading) {
    gli_layernorm_geom *g = r->geom;
    const glia_tensor *x  = r->in[0];
    GLI_TRY(gli_check_floats(r));
    GLI_REQUIRE(r->ctx, dims > 0 && dims <= x->ndim, GLIA_INVALID_ARGUMENT,
                "%s: dims is %d, must be from 1 to the %d dimensions of x %s", r->op->name, dims, x->ndim,
                GLI_SHAPE_OF(x));
    *leading = x->ndim - dims;
    GLI_TRY(gli_norm_product(r, 0, *leading, &g->rows));
    GLI_TRY(gli_norm_product(r, *leading, x->ndim, &g->size));
    GLI_REQUIRE(r->ctx, g->size > 0, GLIA_SHAPE_MISMATCH, "%s: x is %s, the last %d dimensions have no elements",
                r->op->name, GLI_SHAPE_OF(x), dims);
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) {
    const glia_layernorm_params *p = r->params;
    gli_layernorm_geom *g          = r->geom;
    const glia_tensor *x           = r->in[GLI_NORM_X];
    int leading;
    GLI_TRY(resolve_rows(r, p->dims, &leading));
    GLI_TRY(gli_norm_epsilon(r, p->epsilon, &g->epsilon));
    GLI_TRY(gli_norm_vectors(r, GLI_NORM_WEIGHT, GLI_NORM_BIAS + 1, x->ndim - leading, x->dim + leading));
    gli_set_shape(&r->out[GLI_NORM_Y], x->dtype, x->ndim, x->dim);
    gli_set_shape(&r->out[GLI_NORM_MEAN], x->dtype, leading, x->dim);
    gli_set_shape(&r->out[GLI_NORM_RSTD], x->dtype, leading, x->dim);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_layernorm_backward_params *p = r->params;
    const glia_tensor *x                    = r->in[GLI_NORM_BACK_X];
    int leading;
    GLI_TRY(resolve_rows(r, p->dims, &leading));
    GLI_TRY(gli_check_shape(r, GLI_NORM_BACK_DY, x->ndim, x->dim));
    const int trailing = x->ndim - leading;
    GLI_TRY(gli_norm_vectors(r, GLI_NORM_BACK_WEIGHT, GLI_NORM_BACK_WEIGHT + 1, trailing, x->dim + leading));
    GLI_TRY(gli_norm_vectors(r, GLI_NORM_BACK_MEAN, GLI_NORM_BACK_RSTD + 1, leading, x->dim));
    gli_set_shape(&r->out[GLI_NORM_BACK_DX], x->dtype, x->ndim, x->dim);
    gli_set_shape(&r->out[GLI_NORM_BACK_DWEIGHT], x->dtype, trailing, x->dim + leading);
    gli_set_shape(&r->out[GLI_NORM_BACK_DBIAS], x->dtype, trailing, x->dim + leading);
    return GLIA_OK;
}

static void cost_forward(const void *geom, gli_cost *out) {
    const gli_layernorm_geom *g = geom;
    *out = (gli_cost){.flops = 8 * (double)g->rows * g->size, .depth = gli_norm_depth(g->size, g->epsilon)};
}

/* dx has sums over a row, dweight and dbias over the rows. */
static void cost_backward(const void *geom, gli_cost *out) {
    const gli_layernorm_geom *g = geom;
    *out                        = (gli_cost){.flops = 12 * (double)g->rows * g->size,
                                             .depth = gli_sum_depth(g->rows > g->size ? g->rows : g->size) + 8};
}

static gli_norm_view view_of(const gli_layernorm_geom *g) {
    return (gli_norm_view){.x      = GLIA_SHAPE(g->rows, g->size),
                           .stats  = GLIA_SHAPE(g->rows, 1),
                           .weight = GLIA_SHAPE(g->size),
                           .group  = GLIA_AXIS(1),
                           .shared = GLIA_AXIS(0)};
}

static void derive_forward(gli_derivation *d) {
    const glia_layernorm_params *p = d->params;
    const gli_norm_view view       = view_of(d->geom);
    gli_norm_derive(d, &gli_op_layernorm_backward, &(glia_layernorm_backward_params){.dims = p->dims}, &view);
}

static void compose_backward(gli_derivation *d, glia_value *out) {
    const gli_norm_view view = view_of(d->geom);
    gli_norm_compose(d, &view, d->in[GLI_NORM_BACK_RSTD], out);
}

static void derive_backward(gli_derivation *d) { gli_derive_composition(d, compose_backward); }

static const gli_op_input forward_inputs[] = {
    [GLI_NORM_X]      = {"x", GLI_IN_GRADIENT},
    [GLI_NORM_WEIGHT] = {"weight", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_NORM_BIAS]   = {"bias", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
};
static const gli_op_output forward_outputs[] = {
    [GLI_NORM_Y]    = {"y", GLI_OUT_GRADIENT},
    [GLI_NORM_MEAN] = {"mean", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_NORM_RSTD] = {"rstd", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
};

static const gli_op_param forward_fields[] = {
    GLI_PARAM(glia_layernorm_params, dims),
    GLI_PARAM(glia_layernorm_params, epsilon),
};
static const glia_layernorm_params forward_defaults = {.dims = 1, .epsilon = 1e-5};

const gli_op gli_op_layernorm = {
    .name = "layernorm",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(forward_fields, forward_defaults),
    .geom_size = sizeof(gli_layernorm_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve_forward,
    .cost      = cost_forward,
    .derive    = derive_forward,
};

static const gli_op_input backward_inputs[] = {
    [GLI_NORM_BACK_X]      = {"x", GLI_IN_GRADIENT},
    [GLI_NORM_BACK_DY]     = {"dy", GLI_IN_GRADIENT},
    [GLI_NORM_BACK_WEIGHT] = {"weight", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_NORM_BACK_MEAN]   = {"mean", GLI_IN_GRADIENT | GLI_IN_WIDE},
    [GLI_NORM_BACK_RSTD]   = {"rstd", GLI_IN_GRADIENT | GLI_IN_WIDE},
};
static const gli_op_output backward_outputs[] = {
    [GLI_NORM_BACK_DX]      = {"dx", GLI_OUT_GRADIENT},
    [GLI_NORM_BACK_DWEIGHT] = {"dweight", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_NORM_BACK_DBIAS]   = {"dbias", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
};

static const gli_op_param backward_fields[] = {
    GLI_PARAM(glia_layernorm_backward_params, dims),
};
static const glia_layernorm_backward_params backward_defaults = {.dims = 1};

const gli_op gli_op_layernorm_backward = {
    .name = "layernorm_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_layernorm_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve_backward,
    .cost      = cost_backward,
    .derive    = derive_backward,
};

glia_layernorm_params glia_layernorm_defaults(void) { return forward_defaults; }

glia_status glia_layernorm(glia_context *ctx, const glia_layernorm_params *params, const glia_tensor *x,
                           const glia_tensor *weight, const glia_tensor *bias, glia_tensor *y,
                           const glia_norm_stats *stats) {
    const glia_norm_stats none = {0};
    if (!stats) stats = &none;
    return gli_call_op(ctx, &gli_op_layernorm, params, GLI_IN(x, weight, bias), GLI_OUT(y, stats->mean, stats->rstd));
}

glia_layernorm_backward_params glia_layernorm_backward_defaults(void) { return backward_defaults; }

glia_status glia_layernorm_backward(glia_context *ctx, const glia_layernorm_backward_params *params,
                                    const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                    glia_tensor *dx, const glia_norm_gradients *gradients) {
    return gli_norm_call_backward(ctx, &gli_op_layernorm_backward, params, x, dy, saved, dx, gradients);
}
