#include "core/derive.h"
#include "ops/check.h"
#include "ops/pool/pool_window.h"

static glia_status resolve_backward(gli_resolution *r) {
    const glia_adaptive_avg_pool2d_backward_params *p = r->params;
    const glia_tensor *dy                             = r->in[0];
    gli_pool_geom *g                                  = r->geom;
    GLI_TRY(gli_pool_check(r, 2, p->size, g));
    g->h = p->size[0], g->w = p->size[1];
    g->p = (int)dy->dim[2], g->q = (int)dy->dim[3];
    gli_set_dims(&r->out[0], dy->dtype, g->n, g->c, g->h, g->w);
    return GLIA_OK;
}

static void cost_avg(const void *geom, gli_cost *out) {
    const gli_pool_geom *g = geom;
    const double window    = gli_adaptive_pool2d_window(g->p, g->h) * gli_adaptive_pool2d_window(g->q, g->w);
    *out = (gli_cost){.flops = (double)g->n * g->c * g->p * g->q * window, .depth = gli_sum_depth(window) + 1};
}

static void cost_avg_backward(const void *geom, gli_cost *out) {
    const gli_pool_geom *g = geom;
    const double windows   = gli_adaptive_pool2d_window(g->h, g->p) * gli_adaptive_pool2d_window(g->w, g->q);
    *out = (gli_cost){.flops = (double)g->n * g->c * g->h * g->w * windows, .depth = gli_sum_depth(windows) + 1};
}

/* Where all windows have the same size, a power of two. */
static bool exact_avg(const void *geom) {
    const gli_pool_geom *g = geom;
    if (g->h % g->p || g->w % g->q) return false;
    const int64_t window = (int64_t)(g->h / g->p) * (g->w / g->q);
    return (window & (window - 1)) == 0;
}

static void derive_avg(gli_derivation *d) {
    const gli_pool_geom *g                              = d->geom;
    const glia_adaptive_avg_pool2d_backward_params back = {.size = {g->h, g->w}};
    d->din[0] = gli_derive(d, &gli_op_adaptive_avg_pool2d_backward, &back, d->dout[0]);
}

static void derive_avg_backward(gli_derivation *d) {
    const gli_pool_geom *g                    = d->geom;
    const glia_adaptive_pool2d_params forward = {.size = {g->p, g->q}};
    d->din[0]                                 = gli_derive(d, &gli_op_adaptive_avg_pool2d, &forward, d->dout[0]);
}

static const gli_op_input forward_inputs[]   = {{"x", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param forward_fields[] = {
    GLI_PARAM(glia_adaptive_pool2d_params, size),
};
static const glia_adaptive_pool2d_params forward_defaults = {.size = {0, 0}};

const gli_op gli_op_adaptive_avg_pool2d = {
    .name = "adaptive_avg_pool2d",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(forward_fields, forward_defaults),
    .geom_size = sizeof(gli_pool_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = gli_adaptive_pool2d_resolve,
    .cost      = cost_avg,
    .exact     = exact_avg,
    .derive    = derive_avg,
};

static const gli_op_input backward_inputs[]   = {{"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output backward_outputs[] = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param backward_fields[] = {
    GLI_PARAM(glia_adaptive_avg_pool2d_backward_params, size),
};
static const glia_adaptive_avg_pool2d_backward_params backward_defaults = {.size = {0, 0}};

const gli_op gli_op_adaptive_avg_pool2d_backward = {
    .name = "adaptive_avg_pool2d_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_pool_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_backward,
    .cost      = cost_avg_backward,
    .exact     = exact_avg,
    .derive    = derive_avg_backward,
};

glia_status glia_adaptive_avg_pool2d(glia_context *ctx, const glia_adaptive_avg_pool2d_params *params,
                                     const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_adaptive_avg_pool2d, params, GLI_IN(x), GLI_OUT(y));
}

glia_status glia_adaptive_avg_pool2d_backward(glia_context *ctx, const glia_adaptive_avg_pool2d_backward_params *params,
                                              const glia_tensor *dy, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_adaptive_avg_pool2d_backward, params, GLI_IN(dy), GLI_OUT(dx));
}

glia_status glia_global_avg_pool2d(glia_context *ctx, const glia_tensor *x, glia_tensor *y) {
    return glia_adaptive_avg_pool2d(ctx, &(glia_adaptive_pool2d_params){.size = {1, 1}}, x, y);
}
