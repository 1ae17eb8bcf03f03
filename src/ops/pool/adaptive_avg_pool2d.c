#include "core/derive.h"
#include "ops/check.h"
#include "ops/pool/pool2d_window.h"

static glia_status resolve_forward(gli_resolution *r) {
    const glia_adaptive_pool2d_params *p = r->params;
    const glia_tensor *x                 = r->in[0];
    gli_pool2d_geom *g                   = r->geom;
    GLI_TRY(gli_pool2d_check(r, p->size, g));
    g->h = (int)x->dim[2], g->w = (int)x->dim[3];
    g->p = p->size[0], g->q = p->size[1];
    gli_set_dims(&r->out[0], x->dtype, g->n, g->c, g->p, g->q);
    if (r->op->n_outputs > GLI_POOL_INDICES) gli_set_dims(&r->out[GLI_POOL_INDICES], GLIA_I32, g->n, g->c, g->p, g->q);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_adaptive_pool2d_params *p = r->params;
    const glia_tensor *dy                = r->in[0];
    gli_pool2d_geom *g                   = r->geom;
    GLI_TRY(gli_pool2d_check(r, p->size, g));
    g->h = p->size[0], g->w = p->size[1];
    g->p = (int)dy->dim[2], g->q = (int)dy->dim[3];
    gli_set_dims(&r->out[0], dy->dtype, g->n, g->c, g->h, g->w);
    return GLIA_OK;
}

/* The most elements that a window has on one axis, or windows that an element lies in, with the sizes swapped. */
static double most(int out, int in) { return (double)in / out + 2; }

static void cost_avg(const void *geom, gli_cost *out) {
    const gli_pool2d_geom *g = geom;
    const double window      = most(g->p, g->h) * most(g->q, g->w);
    *out                     = (gli_cost){.flops = (double)g->n * g->c * g->p * g->q * window, .depth = window + 1};
}

static void cost_avg_backward(const void *geom, gli_cost *out) {
    const gli_pool2d_geom *g = geom;
    const double windows     = most(g->h, g->p) * most(g->w, g->q);
    *out                     = (gli_cost){.flops = (double)g->n * g->c * g->h * g->w * windows, .depth = windows + 1};
}

static void cost_max(const void *geom, gli_cost *out) {
    cost_avg(geom, out);
    out->depth = 0;
}

/* Where all windows have the same size, a power of two. */
static bool exact_avg(const void *geom) {
    const gli_pool2d_geom *g = geom;
    if (g->h % g->p || g->w % g->q) return false;
    const int64_t window = (int64_t)(g->h / g->p) * (g->w / g->q);
    return (window & (window - 1)) == 0;
}

static void derive_avg(gli_derivation *d) {
    const gli_pool2d_geom *g               = d->geom;
    const glia_adaptive_pool2d_params back = {.size = {g->h, g->w}};
    d->din[0]                              = gli_derive(d, &gli_op_adaptive_avg_pool2d_backward, &back, d->dout[0]);
}

static void derive_avg_backward(gli_derivation *d) {
    const gli_pool2d_geom *g                  = d->geom;
    const glia_adaptive_pool2d_params forward = {.size = {g->p, g->q}};
    d->din[0]                                 = gli_derive(d, &gli_op_adaptive_avg_pool2d, &forward, d->dout[0]);
}

/* Without the forward's indices they are computed once more. */
static void derive_max(gli_derivation *d) {
    const gli_pool2d_geom *g                   = d->geom;
    const glia_max_pool2d_backward_params back = {.size = {g->h, g->w}};
    glia_value out[2]                          = {d->out[GLI_POOL_Y], d->out[GLI_POOL_INDICES]};
    if (out[GLI_POOL_INDICES].id == 0) gli_derive_call(d, d->op, d->params, 1, d->in, 2, out);
    d->din[0] = gli_derive(d, &gli_op_max_pool2d_backward, &back, d->dout[GLI_POOL_Y], out[GLI_POOL_INDICES]);
}

static const gli_op_input forward_inputs[]   = {{"x", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output forward_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

const gli_op gli_op_adaptive_avg_pool2d = {
    .name = "adaptive_avg_pool2d",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    .params_size = sizeof(glia_adaptive_pool2d_params),
    .geom_size   = sizeof(gli_pool2d_geom),
    .layout      = GLI_LAYOUT_IMAGE,
    .resolve     = resolve_forward,
    .cost        = cost_avg,
    .exact       = exact_avg,
    .derive      = derive_avg,
};

static const gli_op_input backward_inputs[]   = {{"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output backward_outputs[] = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

const gli_op gli_op_adaptive_avg_pool2d_backward = {
    .name = "adaptive_avg_pool2d_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    .params_size = sizeof(glia_adaptive_pool2d_params),
    .geom_size   = sizeof(gli_pool2d_geom),
    .layout      = GLI_LAYOUT_IMAGE,
    .resolve     = resolve_backward,
    .cost        = cost_avg_backward,
    .exact       = exact_avg,
    .derive      = derive_avg_backward,
};

static const gli_op_output forward_pool2d_outputs[] = {
    [GLI_POOL_Y]       = {"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE},
    [GLI_POOL_INDICES] = {"indices", GLI_OUT_OPTIONAL | GLI_OUT_IMAGE | GLI_OUT_INDEX},
};

const gli_op gli_op_adaptive_max_pool2d = {
    .name = "adaptive_max_pool2d",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_pool2d_outputs),
    .params_size = sizeof(glia_adaptive_pool2d_params),
    .geom_size   = sizeof(gli_pool2d_geom),
    .layout      = GLI_LAYOUT_IMAGE,
    .resolve     = resolve_forward,
    .cost        = cost_max,
    .exact       = gli_exact_always,
    .derive      = derive_max,
};

glia_status glia_adaptive_avg_pool2d(glia_context *ctx, const glia_adaptive_avg_pool2d_params *params,
                                     const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_adaptive_avg_pool2d, params, 1, (const glia_tensor *[]){x}, 1,
                       (glia_tensor *[]){y});
}

glia_status glia_adaptive_avg_pool2d_backward(glia_context *ctx, const glia_adaptive_avg_pool2d_backward_params *params,
                                              const glia_tensor *dy, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_adaptive_avg_pool2d_backward, params, 1, (const glia_tensor *[]){dy}, 1,
                       (glia_tensor *[]){dx});
}

glia_status glia_adaptive_max_pool2d(glia_context *ctx, const glia_adaptive_max_pool2d_params *params,
                                     const glia_tensor *x, glia_tensor *y, glia_tensor *indices) {
    return gli_call_op(ctx, &gli_op_adaptive_max_pool2d, params, 1, (const glia_tensor *[]){x}, 2,
                       (glia_tensor *[]){y, indices});
}

glia_status glia_global_avg_pool2d(glia_context *ctx, const glia_tensor *x, glia_tensor *y) {
    return glia_adaptive_avg_pool2d(ctx, &(glia_adaptive_pool2d_params){.size = {1, 1}}, x, y);
}

glia_status glia_global_max_pool2d(glia_context *ctx, const glia_tensor *x, glia_tensor *y, glia_tensor *indices) {
    return glia_adaptive_max_pool2d(ctx, &(glia_adaptive_pool2d_params){.size = {1, 1}}, x, y, indices);
}
