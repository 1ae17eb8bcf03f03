#include "ops/norm/batchnorm_geom.h"

#include <math.h>

static glia_status resolve_forward(glia_resolution *r) {
    const glia_batchnorm_params *p = r->params;
    glia_batchnorm_geom *g         = r->geom;
    GLIA_TRY(glia_check_floats(r));
    GLIA_TRY(glia_norm_image(r, &g->n, &g->c, &g->area));
    GLIA_TRY(glia_norm_epsilon(r, p->epsilon, &g->epsilon));
    GLIA_REQUIRE(r->ctx, p->momentum >= 0 && p->momentum <= 1, GLIA_INVALID_ARGUMENT,
                 "%s: momentum is %g, must be from 0 to 1", r->op->name, p->momentum);
    const glia_tensor *x = r->in[NORM_X];
    const int64_t count  = (int64_t)g->n * g->area;
    GLIA_REQUIRE(r->ctx, count > 0, GLIA_SHAPE_MISMATCH, "%s: x is %s, a channel has no elements", r->op->name,
                 GLIA_SHAPE_OF(x));
    GLIA_REQUIRE(r->ctx, count > 1 || p->population, GLIA_SHAPE_MISMATCH,
                 "%s: x is %s, one element a channel has no unbiased variance", r->op->name, GLIA_SHAPE_OF(x));
    const int64_t channels[] = {g->c};
    GLIA_TRY(glia_norm_vectors(r, NORM_WEIGHT, BATCHNORM_RUNNING_VAR + 1, 1, channels));

    if (glia_norm_has(r, BATCHNORM_RESIDUAL)) GLIA_TRY(glia_check_shape(r, BATCHNORM_RESIDUAL, x->ndim, x->dim));
    GLIA_TRY(glia_check_fused(r, p->activation));

    g->momentum   = p->momentum > 0 ? p->momentum : 0.1;
    g->population = p->population;
    g->activation = p->activation;
    glia_set_shape(&r->out[NORM_Y], x->dtype, x->ndim, x->dim);
    for (int i = NORM_MEAN; i <= BATCHNORM_NEW_RUNNING_VAR; ++i) glia_set_shape(&r->out[i], x->dtype, 1, channels);
    return GLIA_OK;
}

static glia_status resolve_backward(glia_resolution *r) {
    glia_batchnorm_geom *g = r->geom;
    const glia_tensor *x   = r->in[NORM_BACK_X];
    GLIA_TRY(glia_check_floats(r));
    GLIA_TRY(glia_norm_image(r, &g->n, &g->c, &g->area));
    GLIA_REQUIRE(r->ctx, (int64_t)g->n * g->area > 0, GLIA_SHAPE_MISMATCH, "%s: x is %s, a channel has no elements",
                 r->op->name, GLIA_SHAPE_OF(x));
    GLIA_TRY(glia_check_shape(r, NORM_BACK_DY, x->ndim, x->dim));
    const int64_t channels[] = {g->c};
    GLIA_TRY(glia_norm_vectors(r, NORM_BACK_WEIGHT, NORM_BACK_RSTD + 1, 1, channels));
    glia_set_shape(&r->out[NORM_BACK_DX], x->dtype, x->ndim, x->dim);
    glia_set_shape(&r->out[NORM_BACK_DWEIGHT], x->dtype, 1, channels);
    glia_set_shape(&r->out[NORM_BACK_DBIAS], x->dtype, 1, channels);
    return GLIA_OK;
}

static double elements(const glia_batchnorm_geom *g) { return (double)g->n * g->area; }

static void cost_forward(const void *geom, glia_cost *out) {
    const glia_batchnorm_geom *g = geom;
    *out = (glia_cost){.flops = 8 * elements(g) * g->c, .depth = glia_norm_depth(elements(g), g->epsilon)};
}

/* rstd is an input here: what it amplifies shows in the scale of the outputs. */
static void cost_backward(const void *geom, glia_cost *out) {
    const glia_batchnorm_geom *g = geom;
    *out                         = (glia_cost){.flops = 10 * elements(g) * g->c, .depth = elements(g) + 8};
}

/* The gradient goes through the activation, then both ways of the sum. */
static void derive_forward(glia_derivation *d) {
    const glia_batchnorm_geom *g = d->geom;
    const glia_value dsum        = glia_derive_activation(d, g->activation, d->out[NORM_Y], d->dout[NORM_Y]);
    glia_derivation inner        = *d;
    inner.dout                   = &dsum;
    glia_norm_derive(&inner, &glia_op_batchnorm_backward, NULL);
    if (glia_wants(d, BATCHNORM_RESIDUAL)) d->din[BATCHNORM_RESIDUAL] = dsum;
}

static const char *const forward_in[]  = {"x", "weight", "bias", "running_mean", "running_var", "residual"};
static const char *const forward_out[] = {"y", "mean", "rstd", "new_running_mean", "new_running_var"};

const glia_op glia_op_batchnorm = {
    .name           = "batchnorm",
    .in_names       = forward_in,
    .out_names      = forward_out,
    .params_size    = sizeof(glia_batchnorm_params),
    .geom_size      = sizeof(glia_batchnorm_geom),
    .min_in         = 1,
    .max_in         = 6,
    .n_out          = 5,
    .optional_out   = 0x1e,
    .differentiable = 7 | 1 << BATCHNORM_RESIDUAL,
    .layout         = GLIA_LAYOUT_IMAGE,
    .image_in       = 1 | 1 << BATCHNORM_RESIDUAL,
    .image_out      = 1,
    .in_place       = {[BATCHNORM_NEW_RUNNING_MEAN] = 1 + BATCHNORM_RUNNING_MEAN,
                       [BATCHNORM_NEW_RUNNING_VAR]  = 1 + BATCHNORM_RUNNING_VAR},
    .resolve        = resolve_forward,
    .cost           = cost_forward,
    .derive         = derive_forward,
};

const glia_op glia_op_batchnorm_backward = {
    .name         = "batchnorm_backward",
    .in_names     = glia_norm_back_in,
    .out_names    = glia_norm_back_out,
    .params_size  = sizeof(glia_batchnorm_backward_params),
    .geom_size    = sizeof(glia_batchnorm_geom),
    .min_in       = 5,
    .max_in       = 5,
    .n_out        = 3,
    .optional_in  = 1 << NORM_BACK_WEIGHT,
    .optional_out = 6,
    .layout       = GLIA_LAYOUT_IMAGE,
    .image_in     = 3,
    .image_out    = 1,
    .resolve      = resolve_backward,
    .cost         = cost_backward,
};

glia_status glia_batchnorm(glia_context *ctx, const glia_batchnorm_params *params, const glia_tensor *x,
                           const glia_batchnorm_vectors *vectors, glia_tensor *y, const glia_norm_stats *stats) {
    const glia_batchnorm_vectors no_vectors = {0};
    const glia_norm_stats no_stats          = {0};
    const glia_batchnorm_vectors *v         = vectors ? vectors : &no_vectors;
    if (!stats) stats = &no_stats;
    return glia_call_op(ctx, &glia_op_batchnorm, params, 6,
                        (const glia_tensor *[]){x, v->weight, v->bias, v->running_mean, v->running_var, v->residual}, 5,
                        (glia_tensor *[]){y, stats->mean, stats->rstd, v->running_mean, v->running_var});
}

glia_status glia_batchnorm_backward(glia_context *ctx, const glia_batchnorm_backward_params *params,
                                    const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                    glia_tensor *dx, const glia_norm_gradients *gradients) {
    const glia_norm_gradients none = {0};
    if (!gradients) gradients = &none;
    return glia_norm_call_backward(ctx, &glia_op_batchnorm_backward, params, x, dy, saved,
                                   (glia_tensor *[]){dx, gradients->dweight, gradients->dbias});
}
