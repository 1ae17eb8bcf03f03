#include "ops/norm/groupnorm_geom.h"

#include "ops/norm/norm_checks.h"
#include "ops/norm/norm_derive.h"

static glia_status resolve_groups(gli_resolution *r, int groups) {
    gli_groupnorm_geom *g = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_norm_image(r, &g->n, &g->c, &g->area));
    g->groups = groups;
    GLI_REQUIRE(r->ctx, g->groups > 0, GLIA_INVALID_ARGUMENT, "%s: groups is %d, must be positive", r->op->name,
                groups);
    GLI_REQUIRE(r->ctx, g->c % g->groups == 0, GLIA_SHAPE_MISMATCH, "%s: %d channels do not divide into %d groups",
                r->op->name, g->c, g->groups);
    GLI_REQUIRE(r->ctx, g->c > 0 && g->area > 0, GLIA_SHAPE_MISMATCH, "%s: x is %s, a group has no elements",
                r->op->name, GLI_SHAPE_OF(r->in[0]));
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) {
    const glia_groupnorm_params *p = r->params;
    gli_groupnorm_geom *g          = r->geom;
    const glia_tensor *x           = r->in[GLI_NORM_X];
    GLI_TRY(resolve_groups(r, p->groups));
    GLI_TRY(gli_norm_epsilon(r, p->epsilon, &g->epsilon));
    GLI_TRY(gli_norm_vectors(r, GLI_NORM_WEIGHT, GLI_NORM_BIAS + 1, 1, (int64_t[]){g->c}));
    gli_set_shape(&r->out[GLI_NORM_Y], x->dtype, x->ndim, x->dim);
    gli_set_dims(&r->out[GLI_NORM_MEAN], x->dtype, g->n, g->groups);
    gli_set_dims(&r->out[GLI_NORM_RSTD], x->dtype, g->n, g->groups);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_groupnorm_backward_params *p = r->params;
    const gli_groupnorm_geom *g             = r->geom;
    const glia_tensor *x                    = r->in[GLI_NORM_BACK_X];
    GLI_TRY(resolve_groups(r, p->groups));
    GLI_TRY(gli_check_shape(r, GLI_NORM_BACK_DY, x->ndim, x->dim));
    GLI_TRY(gli_norm_vectors(r, GLI_NORM_BACK_WEIGHT, GLI_NORM_BACK_WEIGHT + 1, 1, (int64_t[]){g->c}));
    GLI_TRY(gli_norm_vectors(r, GLI_NORM_BACK_MEAN, GLI_NORM_BACK_RSTD + 1, 2, (int64_t[]){g->n, g->groups}));
    gli_set_shape(&r->out[GLI_NORM_BACK_DX], x->dtype, x->ndim, x->dim);
    gli_set_dims(&r->out[GLI_NORM_BACK_DWEIGHT], x->dtype, g->c);
    gli_set_dims(&r->out[GLI_NORM_BACK_DBIAS], x->dtype, g->c);
    return GLIA_OK;
}

static double group_elements(const gli_groupnorm_geom *g) { return (double)(g->c / g->groups) * g->area; }

static void cost_forward(const void *geom, gli_cost *out) {
    const gli_groupnorm_geom *g = geom;
    *out =
        (gli_cost){.flops = 8 * (double)g->n * g->c * g->area, .depth = gli_norm_depth(group_elements(g), g->epsilon)};
}

/* dx has sums over a group, dweight and dbias over the samples. */
static void cost_backward(const void *geom, gli_cost *out) {
    const gli_groupnorm_geom *g = geom;
    const double channel = (double)g->n * g->area, group = group_elements(g);
    *out = (gli_cost){.flops = 12 * channel * g->c, .depth = gli_sum_depth(channel > group ? channel : group) + 8};
}

static gli_norm_view view_of(const gli_groupnorm_geom *g) {
    const int channels = g->c / g->groups; /* of a group */
    return (gli_norm_view){.x      = GLIA_SHAPE(g->n, g->groups, channels, g->area),
                           .stats  = GLIA_SHAPE(g->n, g->groups, 1, 1),
                           .weight = GLIA_SHAPE(g->groups, channels, 1),
                           .group  = GLIA_AXIS(2) | GLIA_AXIS(3),
                           .shared = GLIA_AXIS(0) | GLIA_AXIS(3)};
}

static void derive_forward(gli_derivation *d) {
    const glia_groupnorm_params *p = d->params;
    const gli_norm_view view       = view_of(d->geom);
    gli_norm_derive(d, &gli_op_groupnorm_backward, &(glia_groupnorm_backward_params){.groups = p->groups}, &view);
}

static void compose_backward(gli_derivation *d, glia_value *out) {
    const gli_norm_view view = view_of(d->geom);
    gli_norm_compose(d, &view, d->in[GLI_NORM_BACK_RSTD], out);
}

static void derive_backward(gli_derivation *d) { gli_derive_composition(d, compose_backward); }

static const gli_op_input forward_inputs[] = {
    [GLI_NORM_X]      = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_NORM_WEIGHT] = {"weight", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_NORM_BIAS]   = {"bias", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
};
static const gli_op_output forward_outputs[] = {
    [GLI_NORM_Y]    = {"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE},
    [GLI_NORM_MEAN] = {"mean", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_NORM_RSTD] = {"rstd", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
};

static const gli_op_param forward_fields[] = {
    GLI_PARAM(glia_groupnorm_params, groups),
    GLI_PARAM(glia_groupnorm_params, epsilon),
};
static const glia_groupnorm_params forward_defaults = {.groups = 1, .epsilon = 1e-5};

const gli_op gli_op_groupnorm = {
    .name = "groupnorm",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(forward_fields, forward_defaults),
    .geom_size = sizeof(gli_groupnorm_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_forward,
    .cost      = cost_forward,
    .derive    = derive_forward,
};

static const gli_op_input backward_inputs[] = {
    [GLI_NORM_BACK_X]      = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_NORM_BACK_DY]     = {"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_NORM_BACK_WEIGHT] = {"weight", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_NORM_BACK_MEAN]   = {"mean", GLI_IN_GRADIENT | GLI_IN_WIDE},
    [GLI_NORM_BACK_RSTD]   = {"rstd", GLI_IN_GRADIENT | GLI_IN_WIDE},
};
static const gli_op_output backward_outputs[] = {
    [GLI_NORM_BACK_DX]      = {"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE},
    [GLI_NORM_BACK_DWEIGHT] = {"dweight", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_NORM_BACK_DBIAS]   = {"dbias", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
};

static const gli_op_param backward_fields[] = {
    GLI_PARAM(glia_groupnorm_backward_params, groups),
};
static const glia_groupnorm_backward_params backward_defaults = {.groups = 1};

const gli_op gli_op_groupnorm_backward = {
    .name = "groupnorm_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_groupnorm_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_backward,
    .cost      = cost_backward,
    .derive    = derive_backward,
};

glia_groupnorm_params glia_groupnorm_defaults(void) { return forward_defaults; }

glia_status glia_groupnorm(glia_context *ctx, const glia_groupnorm_params *params, const glia_tensor *x,
                           const glia_tensor *weight, const glia_tensor *bias, glia_tensor *y,
                           const glia_norm_stats *stats) {
    const glia_norm_stats none = {0};
    if (!stats) stats = &none;
    return gli_call_op(ctx, &gli_op_groupnorm, params, GLI_IN(x, weight, bias), GLI_OUT(y, stats->mean, stats->rstd));
}

glia_groupnorm_backward_params glia_groupnorm_backward_defaults(void) { return backward_defaults; }

glia_status glia_groupnorm_backward(glia_context *ctx, const glia_groupnorm_backward_params *params,
                                    const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                    glia_tensor *dx, const glia_norm_gradients *gradients) {
    return gli_norm_call_backward(ctx, &gli_op_groupnorm_backward, params, x, dy, saved, dx, gradients);
}

glia_instancenorm_params glia_instancenorm_defaults(void) {
    return (glia_instancenorm_params){.epsilon = forward_defaults.epsilon};
}

/* What is wrong with x is groupnorm's to say. */
glia_status glia_instancenorm(glia_context *ctx, const glia_instancenorm_params *params, const glia_tensor *x,
                              const glia_tensor *weight, const glia_tensor *bias, glia_tensor *y,
                              const glia_norm_stats *stats) {
    const bool fits                 = x && x->ndim >= 2 && x->dim[1] <= INT32_MAX;
    const glia_groupnorm_params all = {.groups  = fits ? (int)x->dim[1] : 1,
                                       .epsilon = params ? params->epsilon : forward_defaults.epsilon};
    return glia_groupnorm(ctx, &all, x, weight, bias, y, stats);
}
