#include "ops/norm/batchnorm_geom.h"

#include <math.h>

#include "ops/elementwise/activation.h"
#include "ops/formula.h"
#include "ops/norm/norm_checks.h"
#include "ops/norm/norm_derive.h"

static glia_status resolve_forward(gli_resolution *r) {
    const glia_batchnorm_params *p = r->params;
    gli_batchnorm_geom *g          = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_norm_image(r, &g->n, &g->c, &g->area));
    GLI_TRY(gli_norm_epsilon(r, p->epsilon, &g->epsilon));
    GLI_REQUIRE(r->ctx, p->momentum >= 0 && p->momentum <= 1, GLIA_INVALID_ARGUMENT,
                "%s: momentum is %g, must be from 0 to 1", r->op->name, p->momentum);
    const glia_tensor *x = r->in[GLI_NORM_X];
    const int64_t count  = (int64_t)g->n * g->area;
    GLI_REQUIRE(r->ctx, count > 0, GLIA_SHAPE_MISMATCH, "%s: x is %s, a channel has no elements", r->op->name,
                GLI_SHAPE_OF(x));
    GLI_REQUIRE(r->ctx, count > 1 || p->population, GLIA_SHAPE_MISMATCH,
                "%s: x is %s, one element a channel has no unbiased variance", r->op->name, GLI_SHAPE_OF(x));
    const int64_t channels[] = {g->c};
    GLI_TRY(gli_norm_vectors(r, GLI_NORM_WEIGHT, GLI_BATCHNORM_RUNNING_VAR + 1, 1, channels));

    if (gli_norm_has(r, GLI_BATCHNORM_RESIDUAL)) GLI_TRY(gli_check_shape(r, GLI_BATCHNORM_RESIDUAL, x->ndim, x->dim));
    GLI_TRY(gli_check_fused(r, p->activation, &g->activation));

    g->momentum   = p->momentum;
    g->population = p->population;
    gli_set_shape(&r->out[GLI_NORM_Y], x->dtype, x->ndim, x->dim);
    for (int i = GLI_NORM_MEAN; i <= GLI_BATCHNORM_NEW_RUNNING_VAR; ++i)
        gli_set_shape(&r->out[i], x->dtype, 1, channels);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_batchnorm_backward_params *p = r->params;
    gli_batchnorm_geom *g                   = r->geom;
    const glia_tensor *x                    = r->in[GLI_NORM_BACK_X];
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_norm_image(r, &g->n, &g->c, &g->area));
    GLI_REQUIRE(r->ctx, (int64_t)g->n * g->area > 0, GLIA_SHAPE_MISMATCH, "%s: x is %s, a channel has no elements",
                r->op->name, GLI_SHAPE_OF(x));
    GLI_TRY(gli_check_shape(r, GLI_NORM_BACK_DY, x->ndim, x->dim));
    const int64_t channels[] = {g->c};
    GLI_TRY(gli_norm_vectors(r, GLI_NORM_BACK_WEIGHT, GLI_NORM_BACK_RSTD + 1, 1, channels));
    GLI_TRY(gli_check_fused(r, p->activation, &g->activation));
    GLI_REQUIRE(r->ctx, g->activation == GLIA_UNARY_LINEAR || gli_norm_has(r, GLI_BATCHNORM_BACK_Y),
                GLIA_INVALID_ARGUMENT, "%s: y is NULL, the derivative of %s needs it", r->op->name,
                glia_activation_name(p->activation));
    for (int i = GLI_BATCHNORM_BACK_Y; i <= GLI_BATCHNORM_BACK_DY2; ++i)
        if (gli_norm_has(r, i)) GLI_TRY(gli_check_shape(r, i, x->ndim, x->dim));
    gli_set_shape(&r->out[GLI_NORM_BACK_DX], x->dtype, x->ndim, x->dim);
    gli_set_shape(&r->out[GLI_BATCHNORM_BACK_DRESIDUAL], x->dtype, x->ndim, x->dim);
    gli_set_shape(&r->out[GLI_NORM_BACK_DWEIGHT], x->dtype, 1, channels);
    gli_set_shape(&r->out[GLI_NORM_BACK_DBIAS], x->dtype, 1, channels);
    return GLIA_OK;
}

static double elements(const gli_batchnorm_geom *g) { return (double)g->n * g->area; }

static void cost_forward(const void *geom, gli_cost *out) {
    const gli_batchnorm_geom *g = geom;
    *out = (gli_cost){.flops = 8 * elements(g) * g->c, .depth = gli_norm_depth(elements(g), g->epsilon)};
}

/* rstd is an input here: what it amplifies shows in the scale of the outputs. */
static void cost_backward(const void *geom, gli_cost *out) {
    const gli_batchnorm_geom *g = geom;
    *out                        = (gli_cost){.flops = 10 * elements(g) * g->c, .depth = gli_sum_depth(elements(g)) + 8};
}

static gli_norm_view view_of(const gli_batchnorm_geom *g) {
    return (gli_norm_view){.x      = GLIA_SHAPE(g->n, g->c, g->area),
                           .stats  = GLIA_SHAPE(g->c, 1),
                           .weight = GLIA_SHAPE(g->c, 1),
                           .group  = GLIA_AXIS(0) | GLIA_AXIS(2),
                           .shared = GLIA_AXIS(0) | GLIA_AXIS(2)};
}

/* The gradient goes through the activation, then to both terms of the sum. */
static void derive_forward(gli_derivation *d) {
    const gli_batchnorm_geom *g                 = d->geom;
    const glia_batchnorm_backward_params params = {((const glia_batchnorm_params *)d->params)->activation};
    gli_norm_view view                          = view_of(g);
    glia_value dresidual                        = d->dout[GLI_NORM_Y];
    if (g->activation != GLIA_UNARY_LINEAR) {
        view.y         = d->out[GLI_NORM_Y];
        view.dresidual = gli_requested(d, GLI_BATCHNORM_RESIDUAL) ? &dresidual : NULL;
    }
    gli_norm_derive(d, &gli_op_batchnorm_backward, &params, &view);
    if (gli_requested(d, GLI_BATCHNORM_RESIDUAL)) d->din[GLI_BATCHNORM_RESIDUAL] = dresidual;
}

static void compose_backward(gli_derivation *d, glia_value *out) {
    const gli_batchnorm_geom *g               = d->geom;
    const gli_norm_view view                  = view_of(g);
    glia_value in[GLI_BATCHNORM_BACK_DY2 + 1] = {{0}};
    gli_derivation inner                      = *d;
    for (int i = 0; i < d->n_in; ++i) in[i] = d->in[i];
    in[GLI_NORM_BACK_DY] = gli_formula_add(d, in[GLI_NORM_BACK_DY], in[GLI_BATCHNORM_BACK_DY2]);
    if (g->activation != GLIA_UNARY_LINEAR)
        in[GLI_NORM_BACK_DY] = gli_derive_activation(d, g->activation, in[GLI_BATCHNORM_BACK_Y], in[GLI_NORM_BACK_DY]);
    inner.in = in;
    gli_norm_compose(&inner, &view, in[GLI_NORM_BACK_RSTD], out);
    out[GLI_BATCHNORM_BACK_DRESIDUAL] = in[GLI_NORM_BACK_DY];
}

static void derive_backward(gli_derivation *d) { gli_derive_composition(d, compose_backward); }

static const gli_op_input forward_inputs[] = {
    [GLI_NORM_X]                 = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_NORM_WEIGHT]            = {"weight", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_NORM_BIAS]              = {"bias", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_BATCHNORM_RUNNING_MEAN] = {"running_mean", GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_BATCHNORM_RUNNING_VAR]  = {"running_var", GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_BATCHNORM_RESIDUAL]     = {"residual", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_IMAGE},
};
static const gli_op_output forward_outputs[] = {
    [GLI_NORM_Y]                     = {"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE},
    [GLI_NORM_MEAN]                  = {"mean", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_NORM_RSTD]                  = {"rstd", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_BATCHNORM_NEW_RUNNING_MEAN] = {"new_running_mean", GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE | GLI_OUT_WIDE,
                                        GLI_BATCHNORM_RUNNING_MEAN},
    [GLI_BATCHNORM_NEW_RUNNING_VAR]  = {"new_running_var", GLI_OUT_OPTIONAL | GLI_OUT_IN_PLACE | GLI_OUT_WIDE,
                                        GLI_BATCHNORM_RUNNING_VAR},
};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_batchnorm_params, epsilon),
    GLI_PARAM(glia_batchnorm_params, momentum),
    GLI_PARAM(glia_batchnorm_params, population),
    GLI_PARAM_NAMED(glia_batchnorm_params, activation, gli_activation_names),
};
static const glia_batchnorm_params defaults = {.epsilon = 1e-5, .momentum = 0.1};

const gli_op gli_op_batchnorm = {
    .name = "batchnorm",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_batchnorm_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_forward,
    .cost      = cost_forward,
    .derive    = derive_forward,
};

static const gli_op_input backward_inputs[] = {
    [GLI_NORM_BACK_X]        = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_NORM_BACK_DY]       = {"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_NORM_BACK_WEIGHT]   = {"weight", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_NORM_BACK_MEAN]     = {"mean", GLI_IN_GRADIENT | GLI_IN_WIDE},
    [GLI_NORM_BACK_RSTD]     = {"rstd", GLI_IN_GRADIENT | GLI_IN_WIDE},
    [GLI_BATCHNORM_BACK_Y]   = {"y", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_IMAGE},
    [GLI_BATCHNORM_BACK_DY2] = {"dy2", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_IMAGE},
};
static const gli_op_output backward_outputs[] = {
    [GLI_NORM_BACK_DX]      = {"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE | GLI_OUT_IN_PLACE, GLI_BATCHNORM_BACK_DY2},
    [GLI_NORM_BACK_DWEIGHT] = {"dweight", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_NORM_BACK_DBIAS]   = {"dbias", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_BATCHNORM_BACK_DRESIDUAL] = {"dresidual",
                                      GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_IMAGE | GLI_OUT_IN_PLACE,
                                      GLI_NORM_BACK_DY},
};

static const gli_op_param backward_fields[] = {
    GLI_PARAM_NAMED(glia_batchnorm_backward_params, activation, gli_activation_names),
};
static const glia_batchnorm_backward_params backward_defaults = {0};

const gli_op gli_op_batchnorm_backward = {
    .name = "batchnorm_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_batchnorm_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_backward,
    .cost      = cost_backward,
    .derive    = derive_backward,
};

glia_batchnorm_params glia_batchnorm_defaults(void) { return defaults; }

glia_status glia_batchnorm(glia_context *ctx, const glia_batchnorm_params *params, const glia_tensor *x,
                           const glia_batchnorm_vectors *vectors, glia_tensor *y, const glia_norm_stats *stats) {
    const glia_batchnorm_vectors no_vectors = {0};
    const glia_norm_stats no_stats          = {0};
    const glia_batchnorm_vectors *v         = vectors ? vectors : &no_vectors;
    if (!stats) stats = &no_stats;
    return gli_call_op(ctx, &gli_op_batchnorm, params,
                       GLI_IN(x, v->weight, v->bias, v->running_mean, v->running_var, v->residual),
                       GLI_OUT(y, stats->mean, stats->rstd, v->running_mean, v->running_var));
}

glia_status glia_batchnorm_backward(glia_context *ctx, const glia_batchnorm_backward_params *params,
                                    const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                    glia_tensor *dx, const glia_norm_gradients *gradients) {
    const glia_norm_saved nothing_saved = {0};
    const glia_norm_gradients none      = {0};
    if (!saved) saved = &nothing_saved;
    if (!gradients) gradients = &none;
    return gli_call_op(ctx, &gli_op_batchnorm_backward, params,
                       GLI_IN(x, dy, saved->weight, saved->mean, saved->rstd, saved->y),
                       GLI_OUT(dx, gradients->dweight, gradients->dbias, gradients->dresidual));
}
