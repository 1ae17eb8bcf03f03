#include "ops/reduce/reduce_geom.h"

#include "core/derive.h"
#include "ops/check.h"
#include "ops/formula.h"

static const char *const kinds[] = {"sum", "mean", "max", "min", "l1", "l2"};

/* What the derivative of a kind is computed from. */
static bool needs_x(glia_reduce_kind kind) { return kind != GLIA_REDUCE_SUM && kind != GLIA_REDUCE_MEAN; }
static bool needs_y(glia_reduce_kind kind) { return needs_x(kind) && kind != GLIA_REDUCE_L1; }

/* Fills the geometry and the shape of y from the shape of x. */
static glia_status resolve_shape(const gli_resolution *r, const glia_reduce_params *p, int ndim, const int64_t *dim,
                                 gli_reduce_geom *g, glia_tensor *y) {
    GLI_TRY(gli_check_axes(r, p->axes, ndim, &g->reduced));
    int64_t out[GLIA_MAX_DIMS];
    int out_ndim = 0;
    double set = 1, outputs = 1; /* a shape with a 0 may have any other sizes */
    for (int i = 0; i < ndim; ++i) {
        const bool reduced = g->reduced >> i & 1;
        *(reduced ? &set : &outputs) *= (double)dim[i];
        if (!reduced || p->keep_dims) out[out_ndim++] = reduced ? 1 : dim[i];
        GLI_REQUIRE(r->ctx, dim[i] <= INT32_MAX, GLIA_UNSUPPORTED, "%s: dimension %d of x has %lld elements",
                    r->op->name, i, (long long)dim[i]);
        g->dim[i] = (int)dim[i];
    }
    GLI_REQUIRE(r->ctx, set <= INT32_MAX && outputs <= INT32_MAX, GLIA_UNSUPPORTED,
                "%s: %g elements in %g sets, more than 2^31-1", r->op->name, set, outputs);
    GLI_REQUIRE(r->ctx, set > 0 || outputs == 0 || (p->kind != GLIA_REDUCE_MAX && p->kind != GLIA_REDUCE_MIN),
                GLIA_SHAPE_MISMATCH, "%s: the %s over no elements of x %s has no value", r->op->name, kinds[p->kind],
                gli_shape_text(ndim, dim, (char[GLI_SHAPE_TEXT]){0}));
    g->kind = p->kind, g->ndim = ndim, g->keep_dims = p->keep_dims;
    g->count = (int)(set * outputs), g->outputs = (int)outputs, g->set = (int)set;
    gli_set_shape(y, r->in[r->n_in - 1]->dtype, out_ndim, out);
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) {
    const glia_tensor *x = r->in[GLI_REDUCE_X];
    GLI_TRY(gli_check_floats(r));
    return resolve_shape(r, r->params, x->ndim, x->dim, r->geom, &r->out[0]);
}

/* The shape of x: that of the tensor, or the one in params. */
static glia_status shape_of_x(const gli_resolution *r, glia_shape *out) {
    const glia_reduce_backward_params *p = r->params;
    const glia_tensor *x                 = r->in[GLI_REDUCE_BACKWARD_X];
    *out                                 = p->shape;
    if (x && p->shape.ndim == 0) {
        out->ndim = x->ndim;
        for (int i = 0; i < x->ndim; ++i) out->dim[i] = x->dim[i];
    }
    GLI_TRY(gli_shape_check(r->ctx, r->op->name, r->in[GLI_REDUCE_BACKWARD_DY]->dtype, *out));
    if (x) GLI_TRY(gli_check_shape(r, GLI_REDUCE_BACKWARD_X, out->ndim, out->dim));
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_reduce_backward_params *p = r->params;
    const glia_tensor *dy                = r->in[GLI_REDUCE_BACKWARD_DY];
    glia_tensor y                        = {0};
    glia_shape x;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(shape_of_x(r, &x));
    gli_set_shape(&r->out[0], dy->dtype, x.ndim, x.dim);
    GLI_TRY(gli_check_count(r, &r->out[0], "x"));
    GLI_TRY(resolve_shape(r, &p->reduce, x.ndim, x.dim, r->geom, &y));
    for (int i = GLI_REDUCE_BACKWARD_Y; i <= GLI_REDUCE_BACKWARD_DY; ++i)
        if (r->in[i]) GLI_TRY(gli_check_shape(r, i, y.ndim, y.dim));
    GLI_REQUIRE(r->ctx, r->in[GLI_REDUCE_BACKWARD_X] || !needs_x(p->reduce.kind), GLIA_INVALID_ARGUMENT,
                "%s: the derivative of %s needs x, which is NULL", r->op->name, kinds[p->reduce.kind]);
    GLI_REQUIRE(r->ctx, r->in[GLI_REDUCE_BACKWARD_Y] || !needs_y(p->reduce.kind), GLIA_INVALID_ARGUMENT,
                "%s: the derivative of %s needs y, which is NULL", r->op->name, kinds[p->reduce.kind]);
    return GLIA_OK;
}

static void cost_forward(const void *geom, gli_cost *out) {
    const gli_reduce_geom *g = geom;
    *out                     = (gli_cost){.flops = g->count, .depth = gli_sum_depth(g->set) + 2};
}

static void cost_backward(const void *geom, gli_cost *out) {
    *out = (gli_cost){.flops = ((const gli_reduce_geom *)geom)->count, .depth = 3};
}

static bool power_of_two(int n) { return n > 0 && (n & (n - 1)) == 0; }

static bool exact_forward(const void *geom) {
    const gli_reduce_geom *g = geom;
    return g->kind == GLIA_REDUCE_MEAN ? power_of_two(g->set) : g->kind != GLIA_REDUCE_L2;
}

static bool exact_backward(const void *geom) {
    const gli_reduce_geom *g = geom;
    return g->kind == GLIA_REDUCE_MEAN ? power_of_two(g->set) : g->kind == GLIA_REDUCE_SUM || g->kind == GLIA_REDUCE_L1;
}

static void derive(gli_derivation *d) {
    const gli_reduce_geom *g         = d->geom;
    const glia_value none            = {0};
    glia_reduce_backward_params back = {.reduce = *(const glia_reduce_params *)d->params, .shape = {.ndim = g->ndim}};
    for (int i = 0; i < g->ndim; ++i) back.shape.dim[i] = g->dim[i];
    d->din[GLI_REDUCE_X] = gli_derive(d, &gli_op_reduce_backward, &back, needs_x(g->kind) ? d->in[GLI_REDUCE_X] : none,
                                      needs_y(g->kind) ? d->out[0] : none, d->dout[0]);
}

/* dx is linear in dy, with factors that are constant but for l2: x / y, whose derivatives are 1 / y and -x / y^2. They
 * are taken from this op, which knows what a factor is where several x are the largest, or where y is 0. */
static void derive_backward(gli_derivation *d) {
    const glia_reduce_backward_params *p = d->params;
    const gli_reduce_geom *g             = d->geom;
    const glia_value x = d->in[GLI_REDUCE_BACKWARD_X], y = d->in[GLI_REDUCE_BACKWARD_Y];
    const glia_value dy = d->in[GLI_REDUCE_BACKWARD_DY], v = d->dout[0];
    const glia_reduce_params sum = {.axes = p->reduce.axes, .keep_dims = p->reduce.keep_dims};
    if (!needs_x(g->kind)) {
        d->din[GLI_REDUCE_BACKWARD_DY] = gli_derive(d, &gli_op_reduce, &p->reduce, v);
        return;
    }
    const glia_value one    = gli_derive_constant(d, glia_graph_dtype(d->graph, dy), glia_graph_shape(d->graph, dy), 1);
    const glia_value factor = gli_derive(d, &gli_op_reduce_backward, p, x, y, one);
    d->din[GLI_REDUCE_BACKWARD_DY] = gli_derive(d, &gli_op_reduce, &sum, gli_formula_mul(d, v, factor));
    if (g->kind != GLIA_REDUCE_L2) return;
    const glia_value dx           = gli_derive(d, &gli_op_reduce_backward, p, v, y, dy); /* v dy / y */
    d->din[GLI_REDUCE_BACKWARD_X] = dx;
    if (gli_requested(d, GLI_REDUCE_BACKWARD_Y))
        d->din[GLI_REDUCE_BACKWARD_Y] =
            gli_formula_scale(d, gli_derive(d, &gli_op_reduce, &sum, gli_formula_mul(d, dx, factor)), -1);
}

static const gli_op_input forward_inputs[] = {
    [GLI_REDUCE_X] = {"x", GLI_IN_GRADIENT},
};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT}};

static const gli_op_param forward_fields[] = {
    GLI_PARAM_NAMED(glia_reduce_params, kind, kinds),
    GLI_PARAM_AXIS_BITS(glia_reduce_params, axes),
    GLI_PARAM(glia_reduce_params, keep_dims),
};
static const glia_reduce_params forward_defaults = {.axes = GLIA_ALL_AXES};

const gli_op gli_op_reduce = {
    .name = "reduce",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(forward_fields, forward_defaults),
    .geom_size = sizeof(gli_reduce_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve_forward,
    .cost      = cost_forward,
    .exact     = exact_forward,
    .derive    = derive,
};

static const gli_op_input backward_inputs[] = {
    [GLI_REDUCE_BACKWARD_X]  = {"x", GLI_IN_GRADIENT | GLI_IN_OPTIONAL},
    [GLI_REDUCE_BACKWARD_Y]  = {"y", GLI_IN_GRADIENT | GLI_IN_OPTIONAL},
    [GLI_REDUCE_BACKWARD_DY] = {"dy", GLI_IN_GRADIENT},
};
static const gli_op_output backward_outputs[] = {{"dx", GLI_OUT_GRADIENT}};

static const gli_op_param backward_fields[] = {
    GLI_PARAM_NAMED(glia_reduce_backward_params, reduce.kind, kinds),
    GLI_PARAM_AXIS_BITS(glia_reduce_backward_params, reduce.axes),
    GLI_PARAM(glia_reduce_backward_params, reduce.keep_dims),
    GLI_PARAM(glia_reduce_backward_params, shape),
};
static const glia_reduce_backward_params backward_defaults = {.reduce.axes = GLIA_ALL_AXES};

const gli_op gli_op_reduce_backward = {
    .name = "reduce_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_reduce_geom),
    .layout    = GLI_LAYOUT_DENSE,
    .resolve   = resolve_backward,
    .cost      = cost_backward,
    .exact     = exact_backward,
    .derive    = derive_backward,
};

glia_reduce_params glia_reduce_defaults(void) { return forward_defaults; }

glia_status glia_reduce(glia_context *ctx, const glia_reduce_params *params, const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_reduce, params, GLI_IN(x), GLI_OUT(y));
}

glia_status glia_reduce_backward(glia_context *ctx, const glia_reduce_backward_params *params, const glia_tensor *x,
                                 const glia_tensor *y, const glia_tensor *dy, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_reduce_backward, params, GLI_IN(x, y, dy), GLI_OUT(dx));
}
