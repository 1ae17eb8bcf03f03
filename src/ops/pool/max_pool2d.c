#include "core/derive.h"
#include "ops/check.h"
#include "ops/elementwise/activation.h"
#include "ops/formula.h"
#include "ops/pool/pool2d_window.h"

static glia_status resolve_window(const gli_resolution *r, const glia_max_pool2d_params *p, const int64_t *x) {
    const gli_pool2d_window window = {p->kernel, p->stride, p->pad, p->pad_end, p->dilation, p->ceil_mode};
    GLI_REQUIRE(r->ctx, p->activation == GLIA_LINEAR || p->activation == GLIA_RELU, GLIA_UNSUPPORTED,
                "%s: activation is %s, must be linear or relu", r->op->name, gli_activation_names[p->activation]);
    return gli_pool2d_resolve(r, &window, x, r->geom);
}

static glia_status resolve_forward(gli_resolution *r) {
    const glia_max_pool2d_params *p = r->params;
    gli_pool2d_geom *g              = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_ndim(r, 0, 4));
    GLI_TRY(resolve_window(r, p, r->in[0]->dim));
    g->relu = p->activation == GLIA_RELU;
    gli_set_dims(&r->out[GLI_POOL_Y], r->in[0]->dtype, g->n, g->c, g->p, g->q);
    gli_set_dims(&r->out[GLI_POOL_INDICES], GLIA_I32, g->n, g->c, g->p, g->q);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_max_pool2d_backward_params *p = r->params;
    const glia_tensor *dy = r->in[GLI_POOL_BACK_DY], *indices = r->in[GLI_POOL_BACK_INDICES];
    gli_pool2d_geom *g = r->geom;
    GLI_TRY(gli_pool2d_check(r, p->size, g));
    GLI_REQUIRE(r->ctx, indices->dtype == GLIA_I32, GLIA_DTYPE_MISMATCH, "%s: indices is %s, must be i32", r->op->name,
                glia_dtype_name(indices->dtype));
    GLI_TRY(gli_check_shape(r, GLI_POOL_BACK_INDICES, dy->ndim, dy->dim));
    if (p->pool.kernel[0] || p->pool.kernel[1]) {
        const int64_t x[] = {dy->dim[0], dy->dim[1], p->size[0], p->size[1]};
        GLI_TRY(resolve_window(r, &p->pool, x));
        GLI_TRY(gli_check_dims(r, GLI_POOL_BACK_DY, g->n, g->c, g->p, g->q));
    }
    g->h = p->size[0], g->w = p->size[1];
    g->p = (int)dy->dim[2], g->q = (int)dy->dim[3];
    gli_set_dims(&r->out[0], dy->dtype, g->n, g->c, g->h, g->w);
    return GLIA_OK;
}

static void cost_forward(const void *geom, gli_cost *out) {
    const gli_pool2d_geom *g = geom;
    *out                     = (gli_cost){.flops = (double)g->n * g->c * g->p * g->q * g->r * g->s, .depth = 0};
}

/* Every dy of a channel may be added to one element. */
static void cost_backward(const void *geom, gli_cost *out) {
    const gli_pool2d_geom *g = geom;
    *out = (gli_cost){.flops = (double)g->n * g->c * g->p * g->q, .depth = gli_sum_depth((double)g->p * g->q)};
}

/* Without the forward's indices they are computed once more. */
static void derive_forward(gli_derivation *d) {
    const gli_pool2d_geom *g                   = d->geom;
    const glia_max_pool2d_backward_params back = {.size = {g->h, g->w},
                                                  .pool = *(const glia_max_pool2d_params *)d->params};
    glia_value out[2]                          = {d->out[GLI_POOL_Y], d->out[GLI_POOL_INDICES]};
    if (out[GLI_POOL_INDICES].id == 0) gli_derive_call(d, d->op, d->params, 1, d->in, 2, out);
    d->din[0] = gli_derive(d, &gli_op_max_pool2d_backward, &back, d->dout[GLI_POOL_Y], out[GLI_POOL_INDICES]);
}

/* 0, 1, ... n-1, as f64 [n]: no other float counts all elements of a tensor. */
static glia_value count_from_zero(gli_derivation *d, int n) {
    const glia_concat_params append = {.axis = 0};
    glia_value v                    = gli_derive_constant(d, GLIA_F64, GLIA_SHAPE(1), 0);
    int64_t length                  = 1;
    for (; length < n; length *= 2)
        v = gli_derive(d, &gli_op_concat, &append, v, gli_formula_linear(d, v, 1, (double)length));
    glia_slice_params first = glia_slice_defaults();
    first.stop[0]           = n;
    return length == n ? v : gli_derive(d, &gli_op_slice, &first, v);
}

/* The gradient by dy is gathered from where dy went: from element index + area (n C + c) of all elements. An index out
 * of range sent its dy nowhere. */
static void derive_backward(gli_derivation *d) {
    const gli_pool2d_geom *g = d->geom;
    const int images = g->n * g->c, area = g->h * g->w;
    const glia_unary_params inside = {.kind = GLIA_UNARY_CLIP, .alpha = 0, .beta = area - 1.0};
    if ((int64_t)images * area == 0) return;
    const glia_value index = gli_formula_cast(d, d->in[GLI_POOL_BACK_INDICES], GLIA_F64);
    const glia_value start = gli_formula_scale(d, count_from_zero(d, images), area);
    const glia_value place = gli_formula_add(d, gli_derive(d, &gli_op_unary, &inside, index),
                                             gli_formula_reshape(d, start, GLIA_SHAPE(g->n, g->c, 1, 1)));
    const glia_value all   = gli_formula_reshape(d, d->dout[0], GLIA_SHAPE((int64_t)images * area));
    const glia_value found = gli_derive(d, &gli_op_gather, NULL, all, gli_formula_cast(d, place, GLIA_I64));
    const glia_value counts =
        gli_formula_sub(d, gli_formula_unary(d, GLIA_UNARY_STEP, gli_formula_linear(d, index, 1, 0.5)),
                        gli_formula_unary(d, GLIA_UNARY_STEP, gli_formula_linear(d, index, 1, 0.5 - area)));
    d->din[GLI_POOL_BACK_DY] =
        gli_formula_mul(d, found, gli_formula_cast(d, counts, glia_graph_dtype(d->graph, found)));
}

static const gli_op_input forward_inputs[]   = {{"x", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output forward_outputs[] = {
    [GLI_POOL_Y]       = {"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE},
    [GLI_POOL_INDICES] = {"indices", GLI_OUT_OPTIONAL | GLI_OUT_IMAGE | GLI_OUT_INDEX},
};

static const gli_op_param forward_fields[] = {
    GLI_PARAM(glia_max_pool2d_params, kernel),
    GLI_PARAM(glia_max_pool2d_params, stride),
    GLI_PARAM(glia_max_pool2d_params, pad),
    GLI_PARAM(glia_max_pool2d_params, pad_end),
    GLI_PARAM(glia_max_pool2d_params, dilation),
    GLI_PARAM(glia_max_pool2d_params, ceil_mode),
    GLI_PARAM_NAMED(glia_max_pool2d_params, activation, gli_activation_names),
};
static const glia_max_pool2d_params forward_defaults = {.stride = {1, 1}, .dilation = {1, 1}};

/* The usual stride is the kernel. */
static void forward_defaults_of(const void *params, void *out) {
    const glia_max_pool2d_params *p = params;
    glia_max_pool2d_params *usual   = out;
    for (int i = 0; i < 2; ++i) usual->stride[i] = p->kernel[i] > 0 ? p->kernel[i] : 1;
}

const gli_op gli_op_max_pool2d = {
    .name = "max_pool2d",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(forward_fields, forward_defaults),
    .defaults_of = forward_defaults_of,
    .geom_size   = sizeof(gli_pool2d_geom),
    .layout      = GLI_LAYOUT_IMAGE,
    .resolve     = resolve_forward,
    .cost        = cost_forward,
    .exact       = gli_exact_always,
    .derive      = derive_forward,
};

static const gli_op_input backward_inputs[] = {
    [GLI_POOL_BACK_DY]      = {"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_POOL_BACK_INDICES] = {"indices", GLI_IN_IMAGE | GLI_IN_INDEX},
};
static const gli_op_output backward_outputs[] = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param backward_fields[] = {
    GLI_PARAM(glia_max_pool2d_backward_params, size),
    GLI_PARAM(glia_max_pool2d_backward_params, pool.kernel),
    GLI_PARAM(glia_max_pool2d_backward_params, pool.stride),
    GLI_PARAM(glia_max_pool2d_backward_params, pool.pad),
    GLI_PARAM(glia_max_pool2d_backward_params, pool.pad_end),
    GLI_PARAM(glia_max_pool2d_backward_params, pool.dilation),
    GLI_PARAM(glia_max_pool2d_backward_params, pool.ceil_mode),
    GLI_PARAM_NAMED(glia_max_pool2d_backward_params, pool.activation, gli_activation_names),
};
static const glia_max_pool2d_backward_params backward_defaults = {.pool = {.stride = {1, 1}, .dilation = {1, 1}}};

const gli_op gli_op_max_pool2d_backward = {
    .name = "max_pool2d_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_pool2d_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_backward,
    .cost      = cost_backward,
    .exact     = gli_exact_always,
    .derive    = derive_backward,
};

glia_max_pool2d_params glia_max_pool2d_defaults(int kernel_rows, int kernel_columns) {
    return (glia_max_pool2d_params){
        .kernel = {kernel_rows, kernel_columns}, .stride = {kernel_rows, kernel_columns}, .dilation = {1, 1}};
}

glia_status glia_max_pool2d(glia_context *ctx, const glia_max_pool2d_params *params, const glia_tensor *x,
                            glia_tensor *y, glia_tensor *indices) {
    return gli_call_op(ctx, &gli_op_max_pool2d, params, GLI_IN(x), GLI_OUT(y, indices));
}

glia_status glia_max_pool2d_backward(glia_context *ctx, const glia_max_pool2d_backward_params *params,
                                     const glia_tensor *dy, const glia_tensor *indices, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_max_pool2d_backward, params, GLI_IN(dy, indices), GLI_OUT(dx));
}
