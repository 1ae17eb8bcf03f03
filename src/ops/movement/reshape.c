#include "ops/movement/reshape_geom.h"

#include "core/derive.h"
#include "core/size.h"
#include "ops/check.h"

/* The requested shape, with -1 replaced so that all dimensions multiply to count. */
static glia_status complete(const gli_resolution *r, const glia_shape *requested, int64_t count, int64_t *dim) {
    const char *op = r->op->name;
    GLI_REQUIRE(r->ctx, requested->ndim >= 0 && requested->ndim <= GLIA_MAX_DIMS, GLIA_INVALID_ARGUMENT,
                "%s: shape has %d dimensions, must have 0 to %d", op, requested->ndim, GLIA_MAX_DIMS);
    int64_t known = 1;
    int open      = -1;
    bool fits     = true;
    for (int i = 0; i < requested->ndim; ++i) {
        dim[i] = requested->dim[i];
        GLI_REQUIRE(r->ctx, dim[i] >= -1, GLIA_INVALID_ARGUMENT, "%s: dimension %d of shape is %lld", op, i,
                    (long long)dim[i]);
        GLI_REQUIRE(r->ctx, dim[i] >= 0 || open < 0, GLIA_INVALID_ARGUMENT,
                    "%s: dimensions %d and %d of shape are both -1", op, open, i);
        if (dim[i] < 0)
            open = i;
        else
            fits = gli_mul_i64(known, dim[i], &known) && fits;
    }
    const char *text = gli_shape_text(requested->ndim, requested->dim, (char[GLI_SHAPE_TEXT]){0});
    if (open >= 0) {
        GLI_REQUIRE(r->ctx, fits && known > 0 && count % known == 0, GLIA_SHAPE_MISMATCH,
                    "%s: x is %s, its %lld elements do not divide into %s", op, GLI_SHAPE_OF(r->in[GLI_RESHAPE_X]),
                    (long long)count, text);
        dim[open] = count / known;
        known     = count;
    }
    GLI_REQUIRE(r->ctx, fits && known == count, GLIA_SHAPE_MISMATCH, "%s: x is %s, with %lld elements; shape is %s", op,
                GLI_SHAPE_OF(r->in[GLI_RESHAPE_X]), (long long)count, text);
    return GLIA_OK;
}

static glia_status resolve(gli_resolution *r) {
    const glia_reshape_params *p = r->params;
    gli_reshape_geom *g          = r->geom;
    int64_t dim[GLIA_MAX_DIMS]   = {0};
    GLI_TRY(complete(r, &p->shape, gli_count(r->in[GLI_RESHAPE_X]), dim));
    g->count = (int)gli_count(r->in[GLI_RESHAPE_X]);
    g->ndim  = r->in[GLI_RESHAPE_X]->ndim;
    for (int i = 0; i < g->ndim; ++i) g->dim[i] = r->in[GLI_RESHAPE_X]->dim[i];
    gli_set_shape(&r->out[0], r->in[GLI_RESHAPE_X]->dtype, p->shape.ndim, dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

static void derive(gli_derivation *d) {
    const gli_reshape_geom *g = d->geom;
    glia_reshape_params back  = {.shape.ndim = g->ndim};
    for (int i = 0; i < g->ndim; ++i) back.shape.dim[i] = g->dim[i];
    d->din[GLI_RESHAPE_X] = gli_derive(d, &gli_op_reshape, &back, d->dout[0]);
}

static const gli_op_input inputs[] = {
    [GLI_RESHAPE_X] = {"x", GLI_IN_GRADIENT},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_reshape_params, shape),
};
static const glia_reshape_params defaults = {.shape.ndim = 0};

const gli_op gli_op_reshape = {
    .name = "reshape",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_reshape_geom),
    .view      = true,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_status glia_reshape(glia_context *ctx, const glia_reshape_params *params, const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_reshape, params, GLI_IN(x), GLI_OUT(y));
}

glia_status glia_flatten(glia_context *ctx, const glia_tensor *x, glia_tensor *y) {
    glia_reshape_params params = {.shape = {.ndim = 2, .dim = {1, 1}}};
    if (x && x->ndim > 0) params.shape.dim[0] = x->dim[0];
    for (int i = 1; x && i < x->ndim; ++i) params.shape.dim[1] *= x->dim[i];
    return glia_reshape(ctx, &params, x, y);
}
