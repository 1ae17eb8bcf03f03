#include "ops/linear/dense_geom.h"

#include "core/derive.h"
#include "core/size.h"
#include "ops/check.h"
#include "ops/elementwise/activation.h"
#include "ops/formula.h"

/* Flattens input i to *rows of *size elements. */
static glia_status resolve_rows(const gli_resolution *r, int i, int *rows, int *size) {
    const glia_tensor *x = r->in[i];
    GLI_REQUIRE(r->ctx, x->ndim >= 2, GLIA_SHAPE_MISMATCH, "%s: %s is %s, must have 2 dimensions or more", r->op->name,
                r->op->inputs[i].name, GLI_SHAPE_OF(x));
    int64_t count = 1;
    bool fits     = x->dim[x->ndim - 1] <= INT32_MAX;
    for (int k = 0; k < x->ndim - 1; ++k) fits = gli_mul_i64(count, x->dim[k], &count) && fits;
    GLI_REQUIRE(r->ctx, fits && count <= INT32_MAX, GLIA_UNSUPPORTED, "%s: %s is %s, more than 2^31-1 rows or columns",
                r->op->name, r->op->inputs[i].name, GLI_SHAPE_OF(x));
    *rows = (int)count;
    *size = (int)x->dim[x->ndim - 1];
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) {
    const glia_dense_params *p = r->params;
    gli_dense_geom *g          = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_fused(r, p->activation, &g->activation));
    GLI_TRY(resolve_rows(r, GLI_DENSE_X, &g->rows, &g->k));
    GLI_TRY(gli_check_ndim(r, GLI_DENSE_W, 2));
    const glia_tensor *x = r->in[GLI_DENSE_X], *w = r->in[GLI_DENSE_W];
    GLI_REQUIRE(r->ctx, w->dim[1] == g->k, GLIA_SHAPE_MISMATCH,
                "dense: x is %s, w is %s: %d and %lld elements to sum over", GLI_SHAPE_OF(x), GLI_SHAPE_OF(w), g->k,
                (long long)w->dim[1]);
    GLI_REQUIRE(r->ctx, w->dim[0] <= INT32_MAX, GLIA_UNSUPPORTED, "dense: w is %s, more than 2^31-1 units",
                GLI_SHAPE_OF(w));
    g->u = (int)w->dim[0];
    if (r->n_in > GLI_DENSE_BIAS && r->in[GLI_DENSE_BIAS]) GLI_TRY(gli_check_dims(r, GLI_DENSE_BIAS, g->u));

    int64_t dim[GLIA_MAX_DIMS];
    for (int i = 0; i < x->ndim - 1; ++i) dim[i] = x->dim[i];
    dim[x->ndim - 1] = g->u;
    gli_set_shape(&r->out[0], x->dtype, x->ndim, dim);
    return GLIA_OK;
}

static glia_status resolve_weights(gli_resolution *r) {
    gli_dense_geom *g    = r->geom;
    const glia_tensor *x = r->in[GLI_DENSE_WEIGHTS_X], *dy = r->in[GLI_DENSE_WEIGHTS_DY];
    int rows;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(resolve_rows(r, GLI_DENSE_WEIGHTS_X, &g->rows, &g->k));
    GLI_TRY(resolve_rows(r, GLI_DENSE_WEIGHTS_DY, &rows, &g->u));
    bool same = x->ndim == dy->ndim;
    for (int i = 0; same && i < x->ndim - 1; ++i) same = x->dim[i] == dy->dim[i];
    GLI_REQUIRE(r->ctx, same, GLIA_SHAPE_MISMATCH, "%s: x is %s, dy is %s: they must agree in all but the last",
                r->op->name, GLI_SHAPE_OF(x), GLI_SHAPE_OF(dy));
    gli_set_dims(&r->out[GLI_DENSE_WEIGHTS_DW], x->dtype, g->u, g->k);
    gli_set_dims(&r->out[GLI_DENSE_WEIGHTS_DBIAS], x->dtype, g->u);
    return GLIA_OK;
}

static glia_status resolve_data(gli_resolution *r) {
    const glia_dense_backward_data_params *p = r->params;
    gli_dense_geom *g                        = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_fused(r, p->activation, &g->activation));
    GLI_TRY(resolve_rows(r, GLI_DENSE_DATA_DY, &g->rows, &g->u));
    GLI_TRY(gli_check_ndim(r, GLI_DENSE_DATA_W, 2));
    const glia_tensor *dy = r->in[GLI_DENSE_DATA_DY], *w = r->in[GLI_DENSE_DATA_W];
    const glia_tensor *x = r->n_in > GLI_DENSE_DATA_X ? r->in[GLI_DENSE_DATA_X] : NULL;
    GLI_REQUIRE(r->ctx, w->dim[0] == g->u, GLIA_SHAPE_MISMATCH,
                "%s: dy is %s, w is %s: %d and %lld elements to sum over", r->op->name, GLI_SHAPE_OF(dy),
                GLI_SHAPE_OF(w), g->u, (long long)w->dim[0]);
    GLI_REQUIRE(r->ctx, w->dim[1] <= INT32_MAX, GLIA_UNSUPPORTED, "%s: w is %s, more than 2^31-1 columns", r->op->name,
                GLI_SHAPE_OF(w));
    GLI_REQUIRE(r->ctx, x || g->activation == GLIA_UNARY_LINEAR, GLIA_INVALID_ARGUMENT,
                "%s: the derivative of %s needs x, which is NULL", r->op->name, gli_activation_names[p->activation]);
    g->k = (int)w->dim[1];

    int64_t dim[GLIA_MAX_DIMS];
    for (int i = 0; i < dy->ndim - 1; ++i) dim[i] = dy->dim[i];
    dim[dy->ndim - 1] = g->k;
    if (x) GLI_TRY(gli_check_shape(r, GLI_DENSE_DATA_X, dy->ndim, dim));
    gli_set_shape(&r->out[0], dy->dtype, dy->ndim, dim);
    return GLIA_OK;
}

static double flops(const gli_dense_geom *g) { return 2.0 * g->rows * g->k * g->u; }

static void cost_forward(const void *geom, gli_cost *out) {
    const gli_dense_geom *g = geom;
    *out                    = (gli_cost){.flops = flops(g), .depth = gli_sum_depth(g->k) + 1};
}

static void cost_weights(const void *geom, gli_cost *out) {
    const gli_dense_geom *g = geom;
    *out                    = (gli_cost){.flops = flops(g), .depth = gli_sum_depth(g->rows)};
}

static void cost_data(const void *geom, gli_cost *out) {
    const gli_dense_geom *g = geom;
    *out                    = (gli_cost){.flops = flops(g), .depth = gli_sum_depth(g->u) + 3};
}

/* Of dense and dense_backward_data. */
static bool exact_activation(const void *geom) {
    return gli_exact_activation(((const gli_dense_geom *)geom)->activation);
}

static void derive_forward(gli_derivation *d) {
    const gli_dense_geom *g = d->geom;
    glia_value dy           = d->dout[0];
    if (g->activation != GLIA_UNARY_LINEAR) dy = gli_derive_activation(d, g->activation, d->out[0], dy);
    if (gli_requested(d, GLI_DENSE_X))
        d->din[GLI_DENSE_X] = gli_derive(d, &gli_op_dense_backward_data, NULL, dy, d->in[GLI_DENSE_W]);
    if (gli_requested(d, GLI_DENSE_W) || gli_requested(d, GLI_DENSE_BIAS)) {
        glia_value out[2];
        gli_derive_call(d, &gli_op_dense_backward_weights, NULL, 2, (glia_value[]){d->in[GLI_DENSE_X], dy},
                        gli_requested(d, GLI_DENSE_BIAS) ? 2 : 1, out);
        d->din[GLI_DENSE_W] = out[GLI_DENSE_WEIGHTS_DW];
        if (gli_requested(d, GLI_DENSE_BIAS)) d->din[GLI_DENSE_BIAS] = out[GLI_DENSE_WEIGHTS_DBIAS];
    }
}

static void derive_weights(gli_derivation *d) {
    const glia_value x = d->in[GLI_DENSE_WEIGHTS_X], dy = d->in[GLI_DENSE_WEIGHTS_DY];
    const glia_dtype dtype = glia_graph_dtype(d->graph, x); /* dw is wide */
    const glia_value w     = gli_formula_cast(d, d->dout[GLI_DENSE_WEIGHTS_DW], dtype);
    const glia_value bias  = gli_formula_cast(d, d->dout[GLI_DENSE_WEIGHTS_DBIAS], dtype);
    if (w.id == 0) {
        d->din[GLI_DENSE_WEIGHTS_DY] = gli_formula_expand(d, bias, glia_graph_shape(d->graph, dy));
        return;
    }
    if (gli_requested(d, GLI_DENSE_WEIGHTS_X))
        d->din[GLI_DENSE_WEIGHTS_X] = gli_derive(d, &gli_op_dense_backward_data, NULL, dy, w);
    if (gli_requested(d, GLI_DENSE_WEIGHTS_DY))
        d->din[GLI_DENSE_WEIGHTS_DY] = gli_derive(d, &gli_op_dense, NULL, x, w, bias);
}

static void compose_data(gli_derivation *d, glia_value *out) {
    const gli_dense_geom *g = d->geom;
    const glia_value x      = d->n_in > GLI_DENSE_DATA_X ? d->in[GLI_DENSE_DATA_X] : (glia_value){0};
    out[0]                  = gli_derive(d, &gli_op_matmul, NULL, d->in[GLI_DENSE_DATA_DY], d->in[GLI_DENSE_DATA_W]);
    out[0]                  = gli_derive_activation(d, g->activation, x, out[0]);
}

static void derive_data(gli_derivation *d) { gli_derive_composition(d, compose_data); }

static const gli_op_input forward_inputs[] = {
    [GLI_DENSE_X]    = {"x", GLI_IN_GRADIENT},
    [GLI_DENSE_W]    = {"w", GLI_IN_GRADIENT},
    [GLI_DENSE_BIAS] = {"bias", GLI_IN_GRADIENT | GLI_IN_OPTIONAL},
};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param fields[] = {
    GLI_PARAM_NAMED(glia_dense_params, activation, gli_activation_names),
};
static const glia_dense_params defaults = {.activation = GLIA_LINEAR};

const gli_op gli_op_dense = {
    .name = "dense",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_dense_geom),
    .resolve   = resolve_forward,
    .cost      = cost_forward,
    .exact     = exact_activation,
    .derive    = derive_forward,
};

static const gli_op_input weights_inputs[] = {
    [GLI_DENSE_WEIGHTS_X]  = {"x", GLI_IN_GRADIENT},
    [GLI_DENSE_WEIGHTS_DY] = {"dy", GLI_IN_GRADIENT},
};
static const gli_op_output weights_outputs[] = {
    [GLI_DENSE_WEIGHTS_DW]    = {"dw", GLI_OUT_GRADIENT | GLI_OUT_WIDE},
    [GLI_DENSE_WEIGHTS_DBIAS] = {"dbias", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
};

const gli_op gli_op_dense_backward_weights = {
    .name = "dense_backward_weights",
    GLI_INPUTS(weights_inputs),
    GLI_OUTPUTS(weights_outputs),
    .geom_size = sizeof(gli_dense_geom),
    .resolve   = resolve_weights,
    .cost      = cost_weights,
    .exact     = gli_exact_always,
    .derive    = derive_weights,
};

static const gli_op_input data_inputs[] = {
    [GLI_DENSE_DATA_DY] = {"dy", GLI_IN_GRADIENT},
    [GLI_DENSE_DATA_W]  = {"w", GLI_IN_GRADIENT},
    [GLI_DENSE_DATA_X]  = {"x", GLI_IN_GRADIENT | GLI_IN_OPTIONAL},
};
static const gli_op_output data_outputs[] = {{"dx", GLI_OUT_GRADIENT}};

static const gli_op_param data_fields[] = {
    GLI_PARAM_NAMED(glia_dense_backward_data_params, activation, gli_activation_names),
};
static const glia_dense_backward_data_params data_defaults = {.activation = GLIA_LINEAR};

const gli_op gli_op_dense_backward_data = {
    .name = "dense_backward_data",
    GLI_INPUTS(data_inputs),
    GLI_OUTPUTS(data_outputs),
    GLI_PARAMS(data_fields, data_defaults),
    .geom_size = sizeof(gli_dense_geom),
    .resolve   = resolve_data,
    .cost      = cost_data,
    .exact     = exact_activation,
    .derive    = derive_data,
};

glia_status glia_dense(glia_context *ctx, const glia_dense_params *params, const glia_tensor *x, const glia_tensor *w,
                       const glia_tensor *bias, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_dense, params, GLI_IN(x, w, bias), GLI_OUT(y));
}

glia_status glia_dense_backward_weights(glia_context *ctx, const glia_tensor *x, const glia_tensor *dy, glia_tensor *dw,
                                        glia_tensor *dbias) {
    return gli_call_op(ctx, &gli_op_dense_backward_weights, NULL, GLI_IN(x, dy), GLI_OUT(dw, dbias));
}

glia_status glia_dense_backward_data(glia_context *ctx, const glia_dense_backward_data_params *params,
                                     const glia_tensor *dy, const glia_tensor *w, const glia_tensor *x,
                                     glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_dense_backward_data, params, GLI_IN(dy, w, x), GLI_OUT(dx));
}
