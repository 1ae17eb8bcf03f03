#include "ops/movement/gather_geom.h"

#include <limits.h>

#include "core/derive.h"
#include "ops/check.h"
#include "ops/formula.h"

/* x_dim: the shape of x, but for its axis, where only `size` counts. */
static glia_status resolve_geometry(const gli_resolution *r, const glia_gather_params *p, int x_ndim,
                                    const int64_t *x_dim, int64_t size) {
    gli_gather_geom *g         = r->geom;
    const glia_tensor *indices = r->in[GLI_GATHER_INDICES];
    const int64_t padding      = p->padding_index < 0 ? p->padding_index + size : p->padding_index;
    GLI_REQUIRE(r->ctx, size <= INT_MAX, GLIA_UNSUPPORTED, "%s: the axis has %lld elements", r->op->name,
                (long long)size);
    GLI_REQUIRE(r->ctx, !p->has_padding || (padding >= 0 && padding < size), GLIA_INVALID_ARGUMENT,
                "%s: padding_index is %lld, the axis has %lld elements", r->op->name, (long long)p->padding_index,
                (long long)size);
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < g->axis; ++i) outer *= x_dim[i];
    for (int i = g->axis + 1; i < x_ndim; ++i) inner *= x_dim[i];
    g->outer = (int)outer, g->size = (int)size, g->inner = (int)inner;
    g->count      = (int)gli_count(indices);
    g->index_ndim = indices->ndim;
    g->padding    = p->has_padding ? (int)padding : -1;
    return GLIA_OK;
}

static glia_status resolve_gather(gli_resolution *r) {
    const glia_gather_params *p = r->params;
    gli_gather_geom *g          = r->geom;
    const glia_tensor *x = r->in[GLI_GATHER_X], *indices = r->in[GLI_GATHER_INDICES];
    int64_t dim[2 * GLIA_MAX_DIMS];
    int ndim = 0;
    GLI_TRY(gli_check_index_dtype(r, GLI_GATHER_INDICES));
    GLI_TRY(gli_check_axis(r, p->axis, x->ndim, &g->axis));
    GLI_TRY(resolve_geometry(r, p, x->ndim, x->dim, x->dim[g->axis]));
    for (int i = 0; i < g->axis; ++i) dim[ndim++] = x->dim[i];
    for (int i = 0; i < indices->ndim; ++i) dim[ndim++] = indices->dim[i];
    for (int i = g->axis + 1; i < x->ndim; ++i) dim[ndim++] = x->dim[i];
    GLI_REQUIRE(r->ctx, ndim <= GLIA_MAX_DIMS, GLIA_UNSUPPORTED,
                "%s: x is %s, indices is %s: y would have %d dimensions", r->op->name, GLI_SHAPE_OF(x),
                GLI_SHAPE_OF(indices), ndim);
    gli_set_shape(&r->out[0], x->dtype, ndim, dim);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_gather_backward_params *p = r->params;
    gli_gather_geom *g                   = r->geom;
    const glia_tensor *dy = r->in[GLI_GATHER_X], *indices = r->in[GLI_GATHER_INDICES];
    const int ndim = dy->ndim - indices->ndim + 1;
    int64_t dim[GLIA_MAX_DIMS];
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(dy->dtype), GLIA_DTYPE_MISMATCH, "%s: dy is %s, must be a float",
                r->op->name, glia_dtype_name(dy->dtype));
    GLI_TRY(gli_check_index_dtype(r, GLI_GATHER_INDICES));
    GLI_REQUIRE(r->ctx, p->size >= 0, GLIA_INVALID_ARGUMENT, "%s: size is %d", r->op->name, p->size);
    GLI_REQUIRE(r->ctx, ndim >= 1 && ndim <= GLIA_MAX_DIMS, GLIA_SHAPE_MISMATCH,
                "%s: dy is %s, indices is %s: no gather makes these", r->op->name, GLI_SHAPE_OF(dy),
                GLI_SHAPE_OF(indices));
    GLI_TRY(gli_check_axis(r, p->gather.axis, ndim, &g->axis));
    bool fits = true;
    for (int i = 0; i < indices->ndim; ++i) fits = fits && dy->dim[g->axis + i] == indices->dim[i];
    GLI_REQUIRE(r->ctx, fits, GLIA_SHAPE_MISMATCH, "%s: dy is %s, must have the shape of indices %s from dimension %d",
                r->op->name, GLI_SHAPE_OF(dy), GLI_SHAPE_OF(indices), g->axis);
    for (int i = 0; i < ndim; ++i)
        dim[i] = i < g->axis ? dy->dim[i] : i == g->axis ? p->size : dy->dim[i + indices->ndim - 1];
    GLI_TRY(resolve_geometry(r, &p->gather, ndim, dim, p->size));
    gli_set_shape(&r->out[0], dy->dtype, ndim, dim);
    return GLIA_OK;
}

static void cost_gather(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

static void cost_backward(const void *geom, gli_cost *out) {
    const gli_gather_geom *g = geom;
    *out = (gli_cost){.flops = (double)g->outer * g->count * g->inner, .depth = gli_sum_depth(g->count)};
}

static void derive(gli_derivation *d) {
    const gli_gather_geom *g               = d->geom;
    const glia_gather_backward_params back = {.gather = *(const glia_gather_params *)d->params, .size = g->size};
    d->din[GLI_GATHER_X] = gli_derive(d, &gli_op_gather_backward, &back, d->dout[0], d->in[GLI_GATHER_INDICES]);
}

/* v without its elements at the padding index, which get nothing from dy. */
static glia_value without_padding(gli_derivation *d, glia_value v) {
    const gli_gather_geom *g = d->geom;
    if (g->padding < 0) return v;
    const glia_value zero      = gli_derive_constant(d, glia_graph_dtype(d->graph, v), GLIA_SHAPE(1), 0);
    const glia_pad_params ones = {.before = {g->padding}, .after = {g->size - 1 - g->padding}, .value = 1};
    glia_shape shape           = {.ndim = glia_graph_shape(d->graph, v).ndim - g->axis};
    for (int i = 0; i < shape.ndim; ++i) shape.dim[i] = i == 0 ? g->size : 1;
    return gli_formula_mul(d, v, gli_formula_reshape(d, gli_derive(d, &gli_op_pad, &ones, zero), shape));
}

static void derive_backward(gli_derivation *d) {
    const gli_gather_geom *g        = d->geom;
    const glia_gather_params gather = {.axis = g->axis};
    d->din[0] = gli_derive(d, &gli_op_gather, &gather, without_padding(d, d->dout[0]), d->in[GLI_GATHER_INDICES]);
}

static const gli_op_input gather_inputs[] = {
    [GLI_GATHER_X]       = {"x", GLI_IN_GRADIENT | GLI_IN_PART},
    [GLI_GATHER_INDICES] = {"indices", GLI_IN_INDEX},
};
static const gli_op_output gather_outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param gather_fields[] = {
    GLI_PARAM(glia_gather_params, axis),
    GLI_PARAM(glia_gather_params, padding_index),
    GLI_PARAM(glia_gather_params, has_padding),
};
static const glia_gather_params gather_defaults = {.axis = 0};

const gli_op gli_op_gather = {
    .name = "gather",
    GLI_INPUTS(gather_inputs),
    GLI_OUTPUTS(gather_outputs),
    GLI_PARAMS(gather_fields, gather_defaults),
    .geom_size = sizeof(gli_gather_geom),
    .resolve   = resolve_gather,
    .cost      = cost_gather,
    .exact     = gli_exact_always,
    .derive    = derive,
};

static const gli_op_input backward_inputs[] = {
    {"dy", GLI_IN_GRADIENT},
    [GLI_GATHER_INDICES] = {"indices", GLI_IN_INDEX},
};
static const gli_op_output backward_outputs[] = {{"dx", GLI_OUT_GRADIENT}};

static const gli_op_param backward_fields[] = {
    GLI_PARAM(glia_gather_backward_params, gather.axis),
    GLI_PARAM(glia_gather_backward_params, gather.padding_index),
    GLI_PARAM(glia_gather_backward_params, gather.has_padding),
    GLI_PARAM(glia_gather_backward_params, size),
};
static const glia_gather_backward_params backward_defaults = {.size = 0};

const gli_op gli_op_gather_backward = {
    .name = "gather_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_gather_geom),
    .resolve   = resolve_backward,
    .cost      = cost_backward,
    .exact     = gli_exact_always,
    .derive    = derive_backward,
};

glia_status glia_gather(glia_context *ctx, const glia_gather_params *params, const glia_tensor *x,
                        const glia_tensor *indices, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_gather, params, GLI_IN(x, indices), GLI_OUT(y));
}

glia_status glia_embedding(glia_context *ctx, const glia_gather_params *params, const glia_tensor *weight,
                           const glia_tensor *indices, glia_tensor *y) {
    glia_gather_params rows = params ? *params : gather_defaults;
    rows.axis               = 0;
    return glia_gather(ctx, &rows, weight, indices, y);
}

glia_status glia_gather_backward(glia_context *ctx, const glia_gather_backward_params *params, const glia_tensor *dy,
                                 const glia_tensor *indices, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_gather_backward, params, GLI_IN(dy, indices), GLI_OUT(dx));
}
