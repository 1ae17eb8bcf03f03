#include "core/derive.h"
#include "ops/check.h"
#include "ops/pool/pool_window.h"

static void cost(const void *geom, gli_cost *out) {
    const gli_pool_geom *g = geom;
    const double window    = gli_adaptive_pool2d_window(g->p, g->h) * gli_adaptive_pool2d_window(g->q, g->w);
    *out                   = (gli_cost){.flops = (double)g->n * g->c * g->p * g->q * window};
}

/* Without the forward's indices they are computed once more. */
static void derive(gli_derivation *d) {
    const gli_pool_geom *g                     = d->geom;
    const glia_max_pool2d_backward_params back = {.size = {g->h, g->w}};
    glia_value out[2]                          = {d->out[GLI_POOL_Y], d->out[GLI_POOL_INDICES]};
    if (out[GLI_POOL_INDICES].id == 0) gli_derive_call(d, d->op, d->params, 1, d->in, 2, out);
    d->din[0] = gli_derive(d, &gli_op_max_pool2d_backward, &back, d->dout[GLI_POOL_Y], out[GLI_POOL_INDICES]);
}

static const gli_op_input inputs[]   = {{"x", GLI_IN_GRADIENT | GLI_IN_IMAGE}};
static const gli_op_output outputs[] = {
    [GLI_POOL_Y]       = {"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE},
    [GLI_POOL_INDICES] = {"indices", GLI_OUT_OPTIONAL | GLI_OUT_IMAGE | GLI_OUT_INDEX},
};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_adaptive_pool2d_params, size),
};
static const glia_adaptive_pool2d_params defaults = {.size = {0, 0}};

const gli_op gli_op_adaptive_max_pool2d = {
    .name = "adaptive_max_pool2d",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_pool_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = gli_adaptive_pool2d_resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive,
};

glia_status glia_adaptive_max_pool2d(glia_context *ctx, const glia_adaptive_max_pool2d_params *params,
                                     const glia_tensor *x, glia_tensor *y, glia_tensor *indices) {
    return gli_call_op(ctx, &gli_op_adaptive_max_pool2d, params, GLI_IN(x), GLI_OUT(y, indices));
}

glia_status glia_global_max_pool2d(glia_context *ctx, const glia_tensor *x, glia_tensor *y, glia_tensor *indices) {
    return glia_adaptive_max_pool2d(ctx, &(glia_adaptive_pool2d_params){.size = {1, 1}}, x, y, indices);
}
