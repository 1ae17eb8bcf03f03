#include "ops/conv/conv2d_geom.h"

#include "core/derive.h"
#include "core/size.h"
#include "ops/check.h"
#include "ops/elementwise/activation.h"
#include "ops/formula.h"
#include "ops/window.h"

static gli_window_axis axis_of(const glia_conv2d_params *p, int i) {
    return gli_window_axis_of(i, p->stride, p->pad, p->pad_end, p->dilation);
}

/* x and w are the shapes of the forward convolution's input and filters. */
static glia_status resolve_geometry(const gli_resolution *r, const glia_conv2d_params *p, const int64_t *x,
                                    const int64_t *w, gli_conv2d_geom *g) {
    const char *op             = r->op->name;
    const int groups           = p->groups;
    const gli_window_axis rows = axis_of(p, 0), columns = axis_of(p, 1);
    GLI_REQUIRE(r->ctx, groups > 0, GLIA_INVALID_ARGUMENT, "%s: groups is %d, must be positive", op, groups);
    GLI_TRY(gli_check_fused(r, p->activation, &g->activation));
    GLI_REQUIRE(r->ctx, x[1] % groups == 0 && w[0] % groups == 0, GLIA_SHAPE_MISMATCH,
                "%s: %lld channels and %lld filters do not divide into %d groups", op, (long long)x[1], (long long)w[0],
                groups);
    GLI_REQUIRE(r->ctx, w[1] == x[1] / groups, GLIA_SHAPE_MISMATCH,
                "%s: x has %lld channels in %d groups, so each filter needs %lld, not %lld", op, (long long)x[1],
                groups, (long long)(x[1] / groups), (long long)w[1]);
    for (int i = 0; i < 4; ++i)
        GLI_REQUIRE(r->ctx, x[i] <= INT32_MAX && w[i] <= INT32_MAX, GLIA_UNSUPPORTED,
                    "%s: a dimension has more than 2^31-1 elements", op);
    GLI_TRY(gli_window_output_size(r, &rows, x[2], w[2], false, &g->p));
    GLI_TRY(gli_window_output_size(r, &columns, x[3], w[3], false, &g->q));

    g->n = (int)x[0], g->c = (int)x[1], g->h = (int)x[2], g->w = (int)x[3];
    g->k = (int)w[0], g->r = (int)w[2], g->s = (int)w[3];
    g->groups   = groups;
    g->stride_h = rows.stride, g->stride_w = columns.stride;
    g->pad_h = rows.pad, g->pad_w = columns.pad, g->pad_h_end = rows.pad_end, g->pad_w_end = columns.pad_end;
    g->dilation_h = rows.dilation, g->dilation_w = columns.dilation;
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) {
    gli_conv2d_geom *g = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_ndim(r, GLI_CONV2D_X, 4));
    GLI_TRY(gli_check_ndim(r, GLI_CONV2D_W, 4));
    GLI_TRY(resolve_geometry(r, r->params, r->in[GLI_CONV2D_X]->dim, r->in[GLI_CONV2D_W]->dim, g));
    if (r->n_in > GLI_CONV2D_BIAS && r->in[GLI_CONV2D_BIAS]) GLI_TRY(gli_check_dims(r, GLI_CONV2D_BIAS, g->k));
    gli_set_dims(&r->out[0], r->in[0]->dtype, g->n, g->k, g->p, g->q);
    return GLIA_OK;
}

static glia_status check_backward(const gli_resolution *r, const glia_conv2d_backward_params *p) {
    GLI_REQUIRE(r->ctx, p->size[0] > 0 && p->size[1] > 0, GLIA_INVALID_ARGUMENT,
                "%s: size is {%d,%d}, must be positive", r->op->name, p->size[0], p->size[1]);
    GLI_REQUIRE(r->ctx, p->conv.activation == GLIA_LINEAR, GLIA_INVALID_ARGUMENT,
                "%s: activation is %s, must be linear", r->op->name, glia_activation_name(p->conv.activation));
    return GLIA_OK;
}

static glia_status resolve_data(gli_resolution *r) {
    const glia_conv2d_backward_params *p = r->params;
    gli_conv2d_geom *g                   = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_ndim(r, GLI_CONV2D_DATA_DY, 4));
    GLI_TRY(gli_check_ndim(r, GLI_CONV2D_DATA_W, 4));
    GLI_TRY(check_backward(r, p));
    const int64_t *dy = r->in[GLI_CONV2D_DATA_DY]->dim, *w = r->in[GLI_CONV2D_DATA_W]->dim;
    int64_t channels;
    GLI_REQUIRE(r->ctx, gli_mul_i64(w[1], p->conv.groups, &channels), GLIA_INVALID_ARGUMENT,
                "%s: groups is %d, w has %lld channels in each", r->op->name, p->conv.groups, (long long)w[1]);
    GLI_TRY(resolve_geometry(r, &p->conv, (const int64_t[4]){dy[0], channels, p->size[0], p->size[1]}, w, g));
    GLI_TRY(gli_check_dims(r, GLI_CONV2D_DATA_DY, g->n, g->k, g->p, g->q));
    gli_set_dims(&r->out[0], r->in[0]->dtype, g->n, g->c, g->h, g->w);
    return GLIA_OK;
}

static glia_status resolve_filter(gli_resolution *r) {
    const glia_conv2d_backward_params *p = r->params;
    gli_conv2d_geom *g                   = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_ndim(r, GLI_CONV2D_FILTER_X, 4));
    GLI_TRY(gli_check_ndim(r, GLI_CONV2D_FILTER_DY, 4));
    GLI_TRY(check_backward(r, p));
    const int64_t *x = r->in[GLI_CONV2D_FILTER_X]->dim, *dy = r->in[GLI_CONV2D_FILTER_DY]->dim;
    const int groups = p->conv.groups;
    GLI_REQUIRE(r->ctx, groups > 0, GLIA_INVALID_ARGUMENT, "%s: groups is %d, must be positive", r->op->name, groups);
    GLI_TRY(resolve_geometry(r, &p->conv, x, (const int64_t[4]){dy[1], x[1] / groups, p->size[0], p->size[1]}, g));
    GLI_TRY(gli_check_dims(r, GLI_CONV2D_FILTER_DY, g->n, g->k, g->p, g->q));
    gli_set_dims(&r->out[GLI_CONV2D_FILTER_DW], r->in[0]->dtype, g->k, g->c / g->groups, g->r, g->s);
    gli_set_dims(&r->out[GLI_CONV2D_FILTER_DBIAS], r->in[0]->dtype, g->k);
    return GLIA_OK;
}

static double products(const gli_conv2d_geom *g) {
    return (double)g->n * g->k * g->p * g->q * (g->c / g->groups) * g->r * g->s;
}

static void cost_forward(const void *geom, gli_cost *out) {
    const gli_conv2d_geom *g = geom;
    *out = (gli_cost){.flops = 2 * products(g), .depth = gli_sum_depth((double)(g->c / g->groups) * g->r * g->s) + 1};
}

static void cost_data(const void *geom, gli_cost *out) {
    const gli_conv2d_geom *g = geom;
    *out = (gli_cost){.flops = 2 * products(g), .depth = gli_sum_depth((double)(g->k / g->groups) * g->r * g->s)};
}

static void cost_filter(const void *geom, gli_cost *out) {
    const gli_conv2d_geom *g = geom;
    *out                     = (gli_cost){.flops = 2 * products(g), .depth = gli_sum_depth((double)g->n * g->p * g->q)};
}

static bool exact_forward(const void *geom) {
    return gli_exact_activation(((const gli_conv2d_geom *)geom)->activation);
}

static void derive_forward(gli_derivation *d) {
    const gli_conv2d_geom *g         = d->geom;
    glia_conv2d_backward_params back = {.conv = *(const glia_conv2d_params *)d->params};
    glia_value dy                    = d->dout[0];
    if (g->activation != GLIA_UNARY_LINEAR) dy = gli_derive_activation(d, g->activation, d->out[0], dy);
    back.conv.activation = GLIA_LINEAR;
    if (gli_requested(d, GLI_CONV2D_X)) {
        back.size[0] = g->h, back.size[1] = g->w;
        d->din[GLI_CONV2D_X] = gli_derive(d, &gli_op_conv2d_backward_data, &back, dy, d->in[GLI_CONV2D_W]);
    }
    if (gli_requested(d, GLI_CONV2D_W) || gli_requested(d, GLI_CONV2D_BIAS)) {
        back.size[0] = g->r, back.size[1] = g->s;
        glia_value out[2];
        gli_derive_call(d, &gli_op_conv2d_backward_filter, &back, 2, (glia_value[]){d->in[GLI_CONV2D_X], dy},
                        gli_requested(d, GLI_CONV2D_BIAS) ? 2 : 1, out);
        d->din[GLI_CONV2D_W] = out[0];
        if (gli_requested(d, GLI_CONV2D_BIAS)) d->din[GLI_CONV2D_BIAS] = out[1];
    }
}

/* Both backward ops are linear in each input, and their derivatives are the other two convolutions. */
static void derive_data(gli_derivation *d) {
    const gli_conv2d_geom *g             = d->geom;
    const glia_conv2d_backward_params *p = d->params;
    glia_conv2d_backward_params back     = {.conv = p->conv, .size = {g->r, g->s}};
    if (gli_requested(d, GLI_CONV2D_DATA_DY))
        d->din[GLI_CONV2D_DATA_DY] = gli_derive(d, &gli_op_conv2d, &p->conv, d->dout[0], d->in[GLI_CONV2D_DATA_W]);
    if (gli_requested(d, GLI_CONV2D_DATA_W))
        d->din[GLI_CONV2D_DATA_W] =
            gli_derive(d, &gli_op_conv2d_backward_filter, &back, d->dout[0], d->in[GLI_CONV2D_DATA_DY]);
}

static void derive_filter(gli_derivation *d) {
    const gli_conv2d_geom *g               = d->geom;
    const glia_conv2d_backward_params *p   = d->params;
    const glia_conv2d_backward_params back = {.conv = p->conv, .size = {g->h, g->w}};
    const glia_value x = d->in[GLI_CONV2D_FILTER_X], dy = d->in[GLI_CONV2D_FILTER_DY];
    const glia_dtype dtype = glia_graph_dtype(d->graph, x); /* dw is wide */
    const glia_value w     = gli_formula_cast(d, d->dout[GLI_CONV2D_FILTER_DW], dtype);
    const glia_value bias  = gli_formula_cast(d, d->dout[GLI_CONV2D_FILTER_DBIAS], dtype);
    if (w.id == 0) {
        const glia_value rows        = gli_formula_reshape(d, bias, GLIA_SHAPE(g->k, 1, 1));
        d->din[GLI_CONV2D_FILTER_DY] = gli_formula_expand(d, rows, glia_graph_shape(d->graph, dy));
        return;
    }
    if (gli_requested(d, GLI_CONV2D_FILTER_X))
        d->din[GLI_CONV2D_FILTER_X] = gli_derive(d, &gli_op_conv2d_backward_data, &back, dy, w);
    if (gli_requested(d, GLI_CONV2D_FILTER_DY))
        d->din[GLI_CONV2D_FILTER_DY] = gli_derive(d, &gli_op_conv2d, &p->conv, x, w, bias);
}

static const gli_op_input forward_inputs[] = {
    [GLI_CONV2D_X]    = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_CONV2D_W]    = {"w", GLI_IN_GRADIENT | GLI_IN_FILTERS},
    [GLI_CONV2D_BIAS] = {"bias", GLI_IN_GRADIENT | GLI_IN_OPTIONAL},
};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param forward_fields[] = {
    GLI_PARAM(glia_conv2d_params, stride),  GLI_PARAM(glia_conv2d_params, pad),
    GLI_PARAM(glia_conv2d_params, pad_end), GLI_PARAM(glia_conv2d_params, dilation),
    GLI_PARAM(glia_conv2d_params, groups),  GLI_PARAM_NAMED(glia_conv2d_params, activation, gli_activation_names),
};
static const glia_conv2d_params forward_defaults = {.stride = {1, 1}, .dilation = {1, 1}, .groups = 1};

const gli_op gli_op_conv2d = {
    .name = "conv2d",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(forward_fields, forward_defaults),
    .geom_size = sizeof(gli_conv2d_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_forward,
    .cost      = cost_forward,
    .exact     = exact_forward,
    .derive    = derive_forward,
};

static const gli_op_input data_inputs[] = {
    [GLI_CONV2D_DATA_DY] = {"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_CONV2D_DATA_W]  = {"w", GLI_IN_GRADIENT | GLI_IN_FILTERS},
};
static const gli_op_output data_outputs[] = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param backward_fields[] = {
    GLI_PARAM(glia_conv2d_backward_params, conv.stride),
    GLI_PARAM(glia_conv2d_backward_params, conv.pad),
    GLI_PARAM(glia_conv2d_backward_params, conv.pad_end),
    GLI_PARAM(glia_conv2d_backward_params, conv.dilation),
    GLI_PARAM(glia_conv2d_backward_params, conv.groups),
    GLI_PARAM_NAMED(glia_conv2d_backward_params, conv.activation, gli_activation_names),
    GLI_PARAM(glia_conv2d_backward_params, size),
};
static const glia_conv2d_backward_params backward_defaults = {
    .conv = {.stride = {1, 1}, .dilation = {1, 1}, .groups = 1}};

const gli_op gli_op_conv2d_backward_data = {
    .name = "conv2d_backward_data",
    GLI_INPUTS(data_inputs),
    GLI_OUTPUTS(data_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_conv2d_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_data,
    .cost      = cost_data,
    .exact     = gli_exact_always,
    .derive    = derive_data,
};

static const gli_op_input filter_inputs[] = {
    [GLI_CONV2D_FILTER_X]  = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_CONV2D_FILTER_DY] = {"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE},
};
static const gli_op_output filter_outputs[] = {
    [GLI_CONV2D_FILTER_DW]    = {"dw", GLI_OUT_GRADIENT | GLI_OUT_WIDE},
    [GLI_CONV2D_FILTER_DBIAS] = {"dbias", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
};

const gli_op gli_op_conv2d_backward_filter = {
    .name = "conv2d_backward_filter",
    GLI_INPUTS(filter_inputs),
    GLI_OUTPUTS(filter_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_conv2d_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_filter,
    .cost      = cost_filter,
    .exact     = gli_exact_always,
    .derive    = derive_filter,
};

glia_conv2d_params glia_conv2d_defaults(void) { return forward_defaults; }

glia_status glia_conv2d(glia_context *ctx, const glia_conv2d_params *params, const glia_tensor *x, const glia_tensor *w,
                        const glia_tensor *bias, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_conv2d, params, GLI_IN(x, w, bias), GLI_OUT(y));
}

glia_status glia_conv2d_backward_data(glia_context *ctx, const glia_conv2d_backward_params *params,
                                      const glia_tensor *dy, const glia_tensor *w, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_conv2d_backward_data, params, GLI_IN(dy, w), GLI_OUT(dx));
}

glia_status glia_conv2d_backward_filter(glia_context *ctx, const glia_conv2d_backward_params *params,
                                        const glia_tensor *x, const glia_tensor *dy, glia_tensor *dw,
                                        glia_tensor *dbias) {
    return gli_call_op(ctx, &gli_op_conv2d_backward_filter, params, GLI_IN(x, dy), GLI_OUT(dw, dbias));
}
