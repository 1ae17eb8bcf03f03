#include "ops/conv/conv2d_transpose_geom.h"

#include "core/size.h"
#include "glia/ops/reduce.h"
#include "ops/conv/conv_contract.h"
#include "ops/window.h"

static glia_status resolve_window(const gli_resolution *r, const glia_conv2d_transpose_params *p, const int64_t *x,
                                  const int64_t *w, gli_conv2d_transpose_geom *g) {
    const gli_conv_params params = GLI_CONV_PARAMS(p);
    for (int i = 0; i < params.rank; ++i) {
        const gli_window_axis axis = gli_window_axis_of(params.rank, i, p->stride, p->pad, p->pad_end, p->dilation);
        GLI_TRY(gli_window_input_size(r, &axis, x[2 + i], w[2 + i], p->output_pad[i], i ? &g->q : &g->p));
        gli_conv_set_axis(g, &params, i, x[2 + i], w[2 + i]);
    }
    gli_conv_set_missing(g);
    return GLIA_OK;
}

static glia_status resolve(gli_resolution *r) {
    const glia_conv2d_transpose_params *p = r->params;
    gli_conv2d_transpose_geom *g          = r->geom;
    const char *op                        = r->op->name;
    const int groups                      = p->groups;
    int64_t filters;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_ndim(r, GLI_CONV2D_TRANSPOSE_X, 4));
    GLI_TRY(gli_check_ndim(r, GLI_CONV2D_TRANSPOSE_W, 4));
    GLI_TRY(gli_check_fused(r, p->activation, &g->activation));
    const int64_t *x = r->in[GLI_CONV2D_TRANSPOSE_X]->dim, *w = r->in[GLI_CONV2D_TRANSPOSE_W]->dim;
    GLI_REQUIRE(r->ctx, groups > 0, GLIA_INVALID_ARGUMENT, "%s: groups is %d, must be positive", op, groups);
    GLI_REQUIRE(r->ctx, x[1] == w[0], GLIA_SHAPE_MISMATCH, "%s: x has %lld channels, w is for %lld", op,
                (long long)x[1], (long long)w[0]);
    GLI_REQUIRE(r->ctx, x[1] % groups == 0, GLIA_SHAPE_MISMATCH, "%s: %lld channels do not divide into %d groups", op,
                (long long)x[1], groups);
    GLI_REQUIRE(r->ctx,
                gli_mul_i64(w[1], groups, &filters) && x[0] <= INT32_MAX && x[1] <= INT32_MAX && filters <= INT32_MAX,
                GLIA_UNSUPPORTED, "%s: x is %s, w is %s in %d groups: a dimension has more than 2^31-1 elements", op,
                GLI_SHAPE_OF(r->in[GLI_CONV2D_TRANSPOSE_X]), GLI_SHAPE_OF(r->in[GLI_CONV2D_TRANSPOSE_W]), groups);
    GLI_TRY(resolve_window(r, p, x, w, g));
    g->n = (int)x[0], g->c = (int)x[1], g->k = (int)filters;
    g->groups = groups;
    if (r->n_in > GLI_CONV2D_TRANSPOSE_BIAS && r->in[GLI_CONV2D_TRANSPOSE_BIAS])
        GLI_TRY(gli_check_dims(r, GLI_CONV2D_TRANSPOSE_BIAS, g->k));
    gli_set_dims(&r->out[0], r->in[0]->dtype, g->n, g->k, g->p, g->q);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const gli_conv2d_transpose_geom *g = geom;
    const double inputs                = (double)g->n * g->c * g->h * g->w;
    const double terms                 = (double)(g->c / g->groups) * g->r * g->s;
    *out = (gli_cost){.flops = 2 * inputs * (g->k / g->groups) * g->r * g->s, .depth = gli_sum_depth(terms) + 1};
}

static bool exact(const void *geom) {
    return gli_exact_activation(((const gli_conv2d_transpose_geom *)geom)->activation);
}

/* The transposed convolution runs conv2d backwards: with dy as conv2d's input, dx is its output, and dw the gradient of
 * its filters where x is the gradient of that output. output_pad is below the stride, so conv2d ignores those rows. */
static void derive(gli_derivation *d) {
    const gli_conv2d_transpose_geom *g     = d->geom;
    const glia_conv2d_transpose_params *p  = d->params;
    const glia_conv2d_backward_params back = {
        .conv = {.stride   = {g->stride_h, g->stride_w},
                 .pad      = {p->pad[0], p->pad[1]},
                 .pad_end  = {p->pad_end[0], p->pad_end[1]},
                 .dilation = {g->dilation_h, g->dilation_w},
                 .groups   = g->groups},
        .size = {g->r, g->s},
    };
    const glia_reduce_params sum = {.kind = GLIA_REDUCE_SUM, .axes = GLIA_AXIS(0) | GLIA_AXIS(2) | GLIA_AXIS(3)};
    glia_value dy                = d->dout[0];
    if (g->activation != GLIA_UNARY_LINEAR) dy = gli_derive_activation(d, g->activation, d->out[0], dy);
    if (gli_requested(d, GLI_CONV2D_TRANSPOSE_X))
        d->din[GLI_CONV2D_TRANSPOSE_X] = gli_derive(d, &gli_op_conv2d, &back.conv, dy, d->in[GLI_CONV2D_TRANSPOSE_W]);
    if (gli_requested(d, GLI_CONV2D_TRANSPOSE_W))
        d->din[GLI_CONV2D_TRANSPOSE_W] =
            gli_derive(d, &gli_op_conv2d_backward_filter, &back, dy, d->in[GLI_CONV2D_TRANSPOSE_X]);
    if (gli_requested(d, GLI_CONV2D_TRANSPOSE_BIAS))
        d->din[GLI_CONV2D_TRANSPOSE_BIAS] = gli_derive(d, &gli_op_reduce, &sum, dy);
}

static const gli_op_input inputs[] = {
    [GLI_CONV2D_TRANSPOSE_X]    = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_CONV2D_TRANSPOSE_W]    = {"w", GLI_IN_GRADIENT | GLI_IN_FILTERS},
    [GLI_CONV2D_TRANSPOSE_BIAS] = {"bias", GLI_IN_GRADIENT | GLI_IN_OPTIONAL},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_conv2d_transpose_params, stride),
    GLI_PARAM(glia_conv2d_transpose_params, pad),
    GLI_PARAM(glia_conv2d_transpose_params, pad_end),
    GLI_PARAM(glia_conv2d_transpose_params, output_pad),
    GLI_PARAM(glia_conv2d_transpose_params, dilation),
    GLI_PARAM(glia_conv2d_transpose_params, groups),
    GLI_PARAM_NAMED(glia_conv2d_transpose_params, activation, gli_activation_names),
};
static const glia_conv2d_transpose_params defaults = {.stride = {1, 1}, .dilation = {1, 1}, .groups = 1};

const gli_op gli_op_conv2d_transpose = {
    .name = "conv2d_transpose",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_conv2d_transpose_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = exact,
    .derive    = derive,
};

glia_conv2d_transpose_params glia_conv2d_transpose_defaults(void) { return defaults; }

glia_status glia_conv2d_transpose(glia_context *ctx, const glia_conv2d_transpose_params *params, const glia_tensor *x,
                                  const glia_tensor *w, const glia_tensor *bias, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_conv2d_transpose, params, GLI_IN(x, w, bias), GLI_OUT(y));
}
