#include "ops/linear/dense_geom.h"

#include "core/derive.h"
#include "core/size.h"
#include "ops/check.h"

/* Flattens input i to *rows of *size elements. */
static glia_status resolve_rows(const glia_resolution *r, int i, int *rows, int *size) {
    const glia_tensor *x = r->in[i];
    GLIA_REQUIRE(r->ctx, x->ndim >= 2, GLIA_SHAPE_MISMATCH, "%s: %s is %s, must have 2 dimensions or more", r->op->name,
                 r->op->in_names[i], GLIA_SHAPE_OF(x));
    int64_t count = 1;
    bool fits     = x->dim[x->ndim - 1] <= INT32_MAX;
    for (int k = 0; k < x->ndim - 1; ++k) fits = glia_mul_i64(count, x->dim[k], &count) && fits;
    GLIA_REQUIRE(r->ctx, fits && count <= INT32_MAX, GLIA_UNSUPPORTED, "%s: %s is %s, more than 2^31-1 rows or columns",
                 r->op->name, r->op->in_names[i], GLIA_SHAPE_OF(x));
    *rows = (int)count;
    *size = (int)x->dim[x->ndim - 1];
    return GLIA_OK;
}

static glia_status resolve_forward(glia_resolution *r) {
    const glia_dense_params *p = r->params;
    glia_dense_geom *g         = r->geom;
    GLIA_TRY(glia_check_floats(r));
    GLIA_TRY(glia_check_fused(r, p->activation));
    GLIA_TRY(resolve_rows(r, DENSE_X, &g->rows, &g->k));
    GLIA_TRY(glia_check_ndim(r, DENSE_W, 2));
    const glia_tensor *x = r->in[DENSE_X], *w = r->in[DENSE_W];
    GLIA_REQUIRE(r->ctx, w->dim[1] == g->k, GLIA_SHAPE_MISMATCH,
                 "dense: x is %s, w is %s: %d and %lld elements to sum over", GLIA_SHAPE_OF(x), GLIA_SHAPE_OF(w), g->k,
                 (long long)w->dim[1]);
    GLIA_REQUIRE(r->ctx, w->dim[0] <= INT32_MAX, GLIA_UNSUPPORTED, "dense: w is %s, more than 2^31-1 units",
                 GLIA_SHAPE_OF(w));
    g->u          = (int)w->dim[0];
    g->activation = p->activation;
    if (r->n_in > DENSE_BIAS && r->in[DENSE_BIAS]) GLIA_TRY(glia_check_dims(r, DENSE_BIAS, g->u));

    int64_t dim[GLIA_MAX_DIMS];
    for (int i = 0; i < x->ndim - 1; ++i) dim[i] = x->dim[i];
    dim[x->ndim - 1] = g->u;
    glia_set_shape(&r->out[0], x->dtype, x->ndim, dim);
    return GLIA_OK;
}

static glia_status resolve_weights(glia_resolution *r) {
    glia_dense_geom *g   = r->geom;
    const glia_tensor *x = r->in[DENSE_WEIGHTS_X], *dy = r->in[DENSE_WEIGHTS_DY];
    int rows;
    GLIA_TRY(glia_check_floats(r));
    GLIA_TRY(resolve_rows(r, DENSE_WEIGHTS_X, &g->rows, &g->k));
    GLIA_TRY(resolve_rows(r, DENSE_WEIGHTS_DY, &rows, &g->u));
    bool same = x->ndim == dy->ndim;
    for (int i = 0; same && i < x->ndim - 1; ++i) same = x->dim[i] == dy->dim[i];
    GLIA_REQUIRE(r->ctx, same, GLIA_SHAPE_MISMATCH, "%s: x is %s, dy is %s: they must agree in all but the last",
                 r->op->name, GLIA_SHAPE_OF(x), GLIA_SHAPE_OF(dy));
    glia_set_dims(&r->out[DENSE_WEIGHTS_DW], x->dtype, g->u, g->k);
    glia_set_dims(&r->out[DENSE_WEIGHTS_DBIAS], x->dtype, g->u);
    return GLIA_OK;
}

static double flops(const glia_dense_geom *g) { return 2.0 * g->rows * g->k * g->u; }

static void cost_forward(const void *geom, glia_cost *out) {
    const glia_dense_geom *g = geom;
    *out                     = (glia_cost){.flops = flops(g), .depth = (double)g->k + 1};
}

static void cost_weights(const void *geom, glia_cost *out) {
    const glia_dense_geom *g = geom;
    *out                     = (glia_cost){.flops = flops(g), .depth = (double)g->rows};
}

static bool exact_forward(const void *geom) {
    return glia_exact_activation(((const glia_dense_geom *)geom)->activation);
}

static void derive_forward(glia_derivation *d) {
    const glia_dense_geom *g = d->geom;
    glia_value dy            = d->dout[0];
    if (g->activation != GLIA_LINEAR) dy = glia_derive_activation(d, g->activation, d->out[0], dy);
    if (glia_wants(d, DENSE_X))
        d->din[DENSE_X] = glia_derive(d, &glia_op_matmul, &(glia_matmul_params){0}, dy, d->in[DENSE_W]);
    if (glia_wants(d, DENSE_W) || glia_wants(d, DENSE_BIAS)) {
        glia_value out[2];
        glia_derive_call(d, &glia_op_dense_backward_weights, &(glia_dense_backward_weights_params){0}, 2,
                         (glia_value[]){d->in[DENSE_X], dy}, glia_wants(d, DENSE_BIAS) ? 2 : 1, out);
        d->din[DENSE_W] = out[DENSE_WEIGHTS_DW];
        if (glia_wants(d, DENSE_BIAS)) d->din[DENSE_BIAS] = out[DENSE_WEIGHTS_DBIAS];
    }
}

static const char *const forward_in[] = {"x", "w", "bias"}, *const forward_out[] = {"y"};
static const char *const weights_in[] = {"x", "dy"}, *const weights_out[] = {"dw", "dbias"};

const glia_op glia_op_dense = {
    .name           = "dense",
    .in_names       = forward_in,
    .out_names      = forward_out,
    .params_size    = sizeof(glia_dense_params),
    .geom_size      = sizeof(glia_dense_geom),
    .min_in         = 2,
    .max_in         = 3,
    .n_out          = 1,
    .differentiable = 7,
    .resolve        = resolve_forward,
    .cost           = cost_forward,
    .exact          = exact_forward,
    .derive         = derive_forward,
};

const glia_op glia_op_dense_backward_weights = {
    .name         = "dense_backward_weights",
    .in_names     = weights_in,
    .out_names    = weights_out,
    .params_size  = sizeof(glia_dense_backward_weights_params),
    .geom_size    = sizeof(glia_dense_geom),
    .min_in       = 2,
    .max_in       = 2,
    .n_out        = 2,
    .optional_out = 1 << DENSE_WEIGHTS_DBIAS,
    .resolve      = resolve_weights,
    .cost         = cost_weights,
    .exact        = glia_exact_always,
};

glia_status glia_dense(glia_context *ctx, const glia_dense_params *params, const glia_tensor *x, const glia_tensor *w,
                       const glia_tensor *bias, glia_tensor *y) {
    return glia_call_op(ctx, &glia_op_dense, params, 3, (const glia_tensor *[]){x, w, bias}, 1, (glia_tensor *[]){y});
}

glia_status glia_dense_backward_weights(glia_context *ctx, const glia_dense_backward_weights_params *params,
                                        const glia_tensor *x, const glia_tensor *dy, glia_tensor *dw,
                                        glia_tensor *dbias) {
    return glia_call_op(ctx, &glia_op_dense_backward_weights, params, 2, (const glia_tensor *[]){x, dy}, 2,
                        (glia_tensor *[]){dw, dbias});
}
