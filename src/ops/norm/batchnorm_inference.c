#include "ops/norm/batchnorm_geom.h"

#include <math.h>

#include "ops/formula.h"
#include "ops/norm/norm_checks.h"
#include "ops/norm/norm_derive.h"

static glia_status resolve_image(gli_resolution *r, int first_vector) {
    const glia_batchnorm_inference_params *p = r->params;
    gli_batchnorm_geom *g                    = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_norm_image(r, &g->n, &g->c, &g->area));
    GLI_TRY(gli_norm_epsilon(r, p->epsilon, &g->epsilon));
    GLI_TRY(gli_norm_vectors(r, first_vector, 5, 1, (int64_t[]){g->c}));
    gli_set_shape(&r->out[0], r->in[0]->dtype, r->in[0]->ndim, r->in[0]->dim);
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) { return resolve_image(r, GLI_NORM_WEIGHT); }

static glia_status resolve_backward(gli_resolution *r) {
    const glia_tensor *x        = r->in[GLI_NORM_BACK_X];
    const gli_batchnorm_geom *g = r->geom;
    GLI_TRY(resolve_image(r, GLI_NORM_BACK_WEIGHT));
    GLI_TRY(gli_check_shape(r, GLI_NORM_BACK_DY, x->ndim, x->dim));
    gli_set_dims(&r->out[GLI_NORM_BACK_DWEIGHT], x->dtype, g->c);
    gli_set_dims(&r->out[GLI_NORM_BACK_DBIAS], x->dtype, g->c);
    return GLIA_OK;
}

/* A provider may fold the vectors into x a + b: b then carries the rounding of mean, times 1 / sqrt(var + epsilon). */
static void cost_forward(const void *geom, gli_cost *out) {
    const gli_batchnorm_geom *g = geom;
    *out = (gli_cost){.flops = 2 * (double)g->n * g->c * g->area, .depth = 4 * gli_norm_largest_rstd(g->epsilon) + 4};
}

static void cost_backward(const void *geom, gli_cost *out) {
    const gli_batchnorm_geom *g = geom;
    const double elements       = (double)g->n * g->area;
    *out                        = (gli_cost){.flops = 5 * elements * g->c,
                                             .depth = (gli_sum_depth(elements) + 4) * gli_norm_largest_rstd(g->epsilon)};
}

static void derive_forward(gli_derivation *d) {
    const glia_value in[] = {d->in[GLI_NORM_X], d->dout[GLI_NORM_Y], d->in[GLI_NORM_WEIGHT], d->in[GLI_INFERENCE_MEAN],
                             d->in[GLI_INFERENCE_VAR]};
    const int n_out       = gli_requested(d, GLI_NORM_BIAS) ? 3 : gli_requested(d, GLI_NORM_WEIGHT) ? 2 : 1;
    glia_value out[3];
    gli_derive_call(d, &gli_op_batchnorm_inference_backward, d->params, 5, in, n_out, out);
    for (int i = 0; i < n_out; ++i)
        if (gli_requested(d, i)) d->din[i] = out[i];
}

static void compose_backward(gli_derivation *d, glia_value *out) {
    const gli_batchnorm_geom *g = d->geom;
    const gli_norm_view view    = {.x      = GLIA_SHAPE(g->n, g->c, g->area),
                                   .stats  = GLIA_SHAPE(g->c, 1),
                                   .weight = GLIA_SHAPE(g->c, 1),
                                   .shared = GLIA_AXIS(0) | GLIA_AXIS(2)};
    const glia_value var        = d->in[GLI_INFERENCE_BACK_VAR];
    const glia_value root       = gli_formula_unary(d, GLIA_UNARY_SQRT, gli_formula_linear(d, var, 1, g->epsilon));
    gli_norm_compose(d, &view, gli_formula_div(d, gli_formula_number(d, var, 1), root), out);
}

static void derive_backward(gli_derivation *d) { gli_derive_composition(d, compose_backward); }

static const gli_op_input forward_inputs[] = {
    [GLI_NORM_X]         = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_NORM_WEIGHT]    = {"weight", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_NORM_BIAS]      = {"bias", GLI_IN_GRADIENT | GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_INFERENCE_MEAN] = {"mean", GLI_IN_WIDE},
    [GLI_INFERENCE_VAR]  = {"var", GLI_IN_WIDE},
};
static const gli_op_output forward_outputs[] = {
    [GLI_NORM_Y] = {"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE | GLI_OUT_IN_PLACE, GLI_NORM_X},
};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_batchnorm_inference_params, epsilon),
};
static const glia_batchnorm_inference_params defaults = {.epsilon = 1e-5};

const gli_op gli_op_batchnorm_inference = {
    .name = "batchnorm_inference",
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
    [GLI_NORM_BACK_MEAN]     = {"mean", GLI_IN_WIDE},
    [GLI_INFERENCE_BACK_VAR] = {"var", GLI_IN_WIDE},
};
static const gli_op_output backward_outputs[] = {
    [GLI_NORM_BACK_DX]      = {"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE},
    [GLI_NORM_BACK_DWEIGHT] = {"dweight", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_NORM_BACK_DBIAS]   = {"dbias", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
};

const gli_op gli_op_batchnorm_inference_backward = {
    .name = "batchnorm_inference_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_batchnorm_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_backward,
    .cost      = cost_backward,
    .derive    = derive_backward,
};

glia_batchnorm_inference_params glia_batchnorm_inference_defaults(void) { return defaults; }

glia_status glia_batchnorm_inference(glia_context *ctx, const glia_batchnorm_inference_params *params,
                                     const glia_tensor *x, const glia_batchnorm_vectors *vectors, glia_tensor *y) {
    const glia_batchnorm_vectors none = {0}, *v = vectors ? vectors : &none;
    return gli_call_op(ctx, &gli_op_batchnorm_inference, params,
                       GLI_IN(x, v->weight, v->bias, v->running_mean, v->running_var), GLI_OUT(y));
}

glia_status glia_batchnorm_inference_backward(glia_context *ctx, const glia_batchnorm_inference_backward_params *params,
                                              const glia_tensor *x, const glia_tensor *dy,
                                              const glia_batchnorm_vectors *vectors, glia_tensor *dx,
                                              const glia_norm_gradients *gradients) {
    const glia_batchnorm_vectors none = {0}, *v = vectors ? vectors : &none;
    const glia_norm_gradients nowhere = {0};
    if (!gradients) gradients = &nowhere;
    GLI_TRY(gli_norm_has_no_residual(ctx, &gli_op_batchnorm_inference_backward, gradients));
    return gli_call_op(ctx, &gli_op_batchnorm_inference_backward, params,
                       GLI_IN(x, dy, v->weight, v->running_mean, v->running_var),
                       GLI_OUT(dx, gradients->dweight, gradients->dbias));
}
