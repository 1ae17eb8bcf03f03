#include "ops/norm/layernorm_geom.h"

/* Checks dims and sets the geometry; *leading dimensions come before the group. */
static glia_status resolve_rows(glia_resolution *r, int dims, int *leading) {
    glia_layernorm_geom *g = r->geom;
    const glia_tensor *x   = r->in[0];
    GLIA_TRY(glia_check_floats(r));
    const int trailing = dims ? dims : 1;
    GLIA_REQUIRE(r->ctx, trailing > 0 && trailing <= x->ndim, GLIA_INVALID_ARGUMENT,
                 "%s: dims is %d, must be from 1 to the %d dimensions of x %s", r->op->name, trailing, x->ndim,
                 GLIA_SHAPE_OF(x));
    *leading = x->ndim - trailing;
    GLIA_TRY(glia_norm_product(r, 0, *leading, &g->rows));
    GLIA_TRY(glia_norm_product(r, *leading, x->ndim, &g->size));
    GLIA_REQUIRE(r->ctx, g->size > 0, GLIA_SHAPE_MISMATCH, "%s: x is %s, the last %d dimensions have no elements",
                 r->op->name, GLIA_SHAPE_OF(x), trailing);
    return GLIA_OK;
}

static glia_status resolve_forward(glia_resolution *r) {
    const glia_layernorm_params *p = r->params;
    glia_layernorm_geom *g         = r->geom;
    const glia_tensor *x           = r->in[NORM_X];
    int leading;
    GLIA_TRY(resolve_rows(r, p->dims, &leading));
    GLIA_TRY(glia_norm_epsilon(r, p->epsilon, &g->epsilon));
    GLIA_TRY(glia_norm_vectors(r, NORM_WEIGHT, NORM_BIAS + 1, x->ndim - leading, x->dim + leading));
    glia_set_shape(&r->out[NORM_Y], x->dtype, x->ndim, x->dim);
    glia_set_shape(&r->out[NORM_MEAN], x->dtype, leading, x->dim);
    glia_set_shape(&r->out[NORM_RSTD], x->dtype, leading, x->dim);
    return GLIA_OK;
}

static glia_status resolve_backward(glia_resolution *r) {
    const glia_layernorm_backward_params *p = r->params;
    const glia_tensor *x                    = r->in[NORM_BACK_X];
    int leading;
    GLIA_TRY(resolve_rows(r, p->dims, &leading));
    GLIA_TRY(glia_check_shape(r, NORM_BACK_DY, x->ndim, x->dim));
    const int trailing = x->ndim - leading;
    GLIA_TRY(glia_norm_vectors(r, NORM_BACK_WEIGHT, NORM_BACK_WEIGHT + 1, trailing, x->dim + leading));
    GLIA_TRY(glia_norm_vectors(r, NORM_BACK_MEAN, NORM_BACK_RSTD + 1, leading, x->dim));
    glia_set_shape(&r->out[NORM_BACK_DX], x->dtype, x->ndim, x->dim);
    glia_set_shape(&r->out[NORM_BACK_DWEIGHT], x->dtype, trailing, x->dim + leading);
    glia_set_shape(&r->out[NORM_BACK_DBIAS], x->dtype, trailing, x->dim + leading);
    return GLIA_OK;
}

static void cost_forward(const void *geom, glia_cost *out) {
    const glia_layernorm_geom *g = geom;
    *out = (glia_cost){.flops = 8 * (double)g->rows * g->size, .depth = glia_norm_depth(g->size, g->epsilon)};
}

/* dx has sums over a row, dweight and dbias over the rows. */
static void cost_backward(const void *geom, glia_cost *out) {
    const glia_layernorm_geom *g = geom;
    *out                         = (glia_cost){.flops = 12 * (double)g->rows * g->size,
                                               .depth = (double)(g->rows > g->size ? g->rows : g->size) + 8};
}

static void derive_forward(glia_derivation *d) {
    const glia_layernorm_params *p = d->params;
    glia_norm_derive(d, &glia_op_layernorm_backward, &(glia_layernorm_backward_params){.dims = p->dims});
}

static const char *const forward_in[] = {"x", "weight", "bias"}, *const forward_out[] = {"y", "mean", "rstd"};

const glia_op glia_op_layernorm = {
    .name           = "layernorm",
    .in_names       = forward_in,
    .out_names      = forward_out,
    .params_size    = sizeof(glia_layernorm_params),
    .geom_size      = sizeof(glia_layernorm_geom),
    .min_in         = 1,
    .max_in         = 3,
    .n_out          = 3,
    .optional_out   = 6,
    .differentiable = 7,
    .layout         = GLIA_LAYOUT_DENSE,
    .resolve        = resolve_forward,
    .cost           = cost_forward,
    .derive         = derive_forward,
};

const glia_op glia_op_layernorm_backward = {
    .name         = "layernorm_backward",
    .in_names     = glia_norm_back_in,
    .out_names    = glia_norm_back_out,
    .params_size  = sizeof(glia_layernorm_backward_params),
    .geom_size    = sizeof(glia_layernorm_geom),
    .min_in       = 5,
    .max_in       = 5,
    .n_out        = 3,
    .optional_in  = 1 << NORM_BACK_WEIGHT,
    .optional_out = 6,
    .layout       = GLIA_LAYOUT_DENSE,
    .resolve      = resolve_backward,
    .cost         = cost_backward,
};

glia_status glia_layernorm(glia_context *ctx, const glia_layernorm_params *params, const glia_tensor *x,
                           const glia_tensor *weight, const glia_tensor *bias, glia_tensor *y,
                           const glia_norm_stats *stats) {
    const glia_norm_stats none = {0};
    if (!stats) stats = &none;
    return glia_call_op(ctx, &glia_op_layernorm, params, 3, (const glia_tensor *[]){x, weight, bias}, 3,
                        (glia_tensor *[]){y, stats->mean, stats->rstd});
}

glia_status glia_layernorm_backward(glia_context *ctx, const glia_layernorm_backward_params *params,
                                    const glia_tensor *x, const glia_tensor *dy, const glia_norm_saved *saved,
                                    glia_tensor *dx, const glia_norm_gradients *gradients) {
    const glia_norm_gradients none = {0};
    if (!gradients) gradients = &none;
    return glia_norm_call_backward(ctx, &glia_op_layernorm_backward, params, x, dy, saved,
                                   (glia_tensor *[]){dx, gradients->dweight, gradients->dbias});
}
