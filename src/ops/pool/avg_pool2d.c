#include "core/derive.h"
#include "ops/check.h"
#include "ops/pool/pool2d_window.h"

static glia_status resolve_window(const gli_resolution *r, const glia_avg_pool2d_params *p, const int64_t *x) {
    gli_pool2d_geom *g             = r->geom;
    const gli_pool2d_window window = {p->kernel, p->stride, p->pad, p->pad_end, NULL, p->ceil_mode};
    GLI_TRY(gli_pool2d_resolve(r, &window, x, g));
    g->count_include_pad = p->count_include_pad;
    return GLIA_OK;
}

static glia_status resolve_forward(gli_resolution *r) {
    const gli_pool2d_geom *g = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_ndim(r, 0, 4));
    GLI_TRY(resolve_window(r, r->params, r->in[0]->dim));
    gli_set_dims(&r->out[0], r->in[0]->dtype, g->n, g->c, g->p, g->q);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_avg_pool2d_backward_params *p = r->params;
    gli_pool2d_geom *g                       = r->geom;
    GLI_TRY(gli_pool2d_check(r, p->size, g));
    const int64_t *dy = r->in[0]->dim;
    GLI_TRY(resolve_window(r, &p->pool, (const int64_t[4]){dy[0], dy[1], p->size[0], p->size[1]}));
    GLI_TRY(gli_check_dims(r, 0, g->n, g->c, g->p, g->q));
    gli_set_dims(&r->out[0], r->in[0]->dtype, g->n, g->c, g->h, g->w);
    return GLIA_OK;
}

/* An element lies in at most as many windows as a window has elements: one depth for both directions. */
static void cost(const void *geom, gli_cost *out) {
    const gli_pool2d_geom *g = geom;
    const double window      = (double)g->r * g->s;
    *out = (gli_cost){.flops = (double)g->n * g->c * g->p * g->q * window, .depth = gli_sum_depth(window) + 1};
}

/* Where every window is whole and the divisor is a power of two. */
static bool exact(const void *geom) {
    const gli_pool2d_geom *g = geom;
    const int64_t window     = (int64_t)g->r * g->s;
    const bool padded        = g->pad_h || g->pad_w || g->pad_h_end || g->pad_w_end;
    const bool within =
        (int64_t)(g->p - 1) * g->stride_h + g->r <= g->h && (int64_t)(g->q - 1) * g->stride_w + g->s <= g->w;
    return !padded && within && (window & (window - 1)) == 0;
}

static void derive_forward(gli_derivation *d) {
    const gli_pool2d_geom *g                   = d->geom;
    const glia_avg_pool2d_backward_params back = {.pool = *(const glia_avg_pool2d_params *)d->params,
                                                  .size = {g->h, g->w}};
    d->din[0]                                  = gli_derive(d, &gli_op_avg_pool2d_backward, &back, d->dout[0]);
}

/* avg_pool2d_backward is linear in dy; its gradient is avg_pool2d. */
static void derive_backward(gli_derivation *d) {
    const glia_avg_pool2d_backward_params *p = d->params;
    d->din[0]                                = gli_derive(d, &gli_op_avg_pool2d, &p->pool, d->dout[0]);
}

static const gli_op_input forward_inputs[]   = {{"x", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param forward_fields[] = {
    GLI_PARAM(glia_avg_pool2d_params, kernel),    GLI_PARAM(glia_avg_pool2d_params, stride),
    GLI_PARAM(glia_avg_pool2d_params, pad),       GLI_PARAM(glia_avg_pool2d_params, pad_end),
    GLI_PARAM(glia_avg_pool2d_params, ceil_mode), GLI_PARAM(glia_avg_pool2d_params, count_include_pad),
};
static const glia_avg_pool2d_params forward_defaults = {.stride = {1, 1}};

/* The usual stride is the kernel. */
static void forward_defaults_of(const void *params, void *out) {
    const glia_avg_pool2d_params *p = params;
    glia_avg_pool2d_params *usual   = out;
    for (int i = 0; i < 2; ++i) usual->stride[i] = p->kernel[i] > 0 ? p->kernel[i] : 1;
}

const gli_op gli_op_avg_pool2d = {
    .name = "avg_pool2d",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(forward_fields, forward_defaults),
    .defaults_of = forward_defaults_of,
    .geom_size   = sizeof(gli_pool2d_geom),
    .layout      = GLI_LAYOUT_IMAGE,
    .resolve     = resolve_forward,
    .cost        = cost,
    .exact       = exact,
    .derive      = derive_forward,
};

static const gli_op_input backward_inputs[]   = {{"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output backward_outputs[] = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param backward_fields[] = {
    GLI_PARAM(glia_avg_pool2d_backward_params, pool.kernel),
    GLI_PARAM(glia_avg_pool2d_backward_params, pool.stride),
    GLI_PARAM(glia_avg_pool2d_backward_params, pool.pad),
    GLI_PARAM(glia_avg_pool2d_backward_params, pool.pad_end),
    GLI_PARAM(glia_avg_pool2d_backward_params, pool.ceil_mode),
    GLI_PARAM(glia_avg_pool2d_backward_params, pool.count_include_pad),
    GLI_PARAM(glia_avg_pool2d_backward_params, size),
};
static const glia_avg_pool2d_backward_params backward_defaults = {.pool.stride = {1, 1}};

const gli_op gli_op_avg_pool2d_backward = {
    .name = "avg_pool2d_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_pool2d_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_backward,
    .cost      = cost,
    .exact     = exact,
    .derive    = derive_backward,
};

glia_avg_pool2d_params glia_avg_pool2d_defaults(int kernel_rows, int kernel_columns) {
    return (glia_avg_pool2d_params){.kernel = {kernel_rows, kernel_columns}, .stride = {kernel_rows, kernel_columns}};
}

glia_status glia_avg_pool2d(glia_context *ctx, const glia_avg_pool2d_params *params, const glia_tensor *x,
                            glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_avg_pool2d, params, GLI_IN(x), GLI_OUT(y));
}

glia_status glia_avg_pool2d_backward(glia_context *ctx, const glia_avg_pool2d_backward_params *params,
                                     const glia_tensor *dy, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_avg_pool2d_backward, params, GLI_IN(dy), GLI_OUT(dx));
}
