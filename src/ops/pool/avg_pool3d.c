#include "ops/pool/pool_window.h"

#include "ops/check.h"

static glia_status resolve_forward(gli_resolution *r) {
    const glia_avg_pool3d_params *p = r->params;
    const gli_pool_window window    = GLI_AVG_POOL_WINDOW(p);
    return gli_avg_pool_resolve(r, &window, p->count_include_pad);
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_avg_pool3d_backward_params *p = r->params;
    const gli_pool_window window             = GLI_AVG_POOL_WINDOW(&p->pool);
    return gli_avg_pool_resolve_backward(r, &window, p->pool.count_include_pad, p->size);
}

static void derive_forward(gli_derivation *d) {
    const gli_pool_geom *g                     = d->geom;
    const glia_avg_pool3d_backward_params back = {.pool = *(const glia_avg_pool3d_params *)d->params,
                                                  .size = {g->d, g->h, g->w}};
    d->din[0]                                  = gli_derive(d, &gli_op_avg_pool3d_backward, &back, d->dout[0]);
}

/* avg_pool3d_backward is linear in dy; its gradient is avg_pool3d. */
static void derive_backward(gli_derivation *d) {
    const glia_avg_pool3d_backward_params *p = d->params;
    d->din[0]                                = gli_derive(d, &gli_op_avg_pool3d, &p->pool, d->dout[0]);
}

static const gli_op_param forward_fields[] = {
    GLI_PARAM(glia_avg_pool3d_params, kernel),    GLI_PARAM(glia_avg_pool3d_params, stride),
    GLI_PARAM(glia_avg_pool3d_params, pad),       GLI_PARAM(glia_avg_pool3d_params, pad_end),
    GLI_PARAM(glia_avg_pool3d_params, ceil_mode), GLI_PARAM(glia_avg_pool3d_params, count_include_pad),
};
static const glia_avg_pool3d_params forward_defaults = {.stride = {1, 1, 1}};

/* The usual stride is the kernel. */
static void forward_defaults_of(const void *params, void *out) {
    const glia_avg_pool3d_params *p = params;
    glia_avg_pool3d_params *usual   = out;
    for (int i = 0; i < 3; ++i) usual->stride[i] = p->kernel[i] > 0 ? p->kernel[i] : 1;
}

const gli_op gli_op_avg_pool3d = {
    .name = "avg_pool3d",
    GLI_INPUTS(gli_pool_inputs),
    GLI_OUTPUTS(gli_avg_pool_outputs),
    GLI_PARAMS(forward_fields, forward_defaults),
    .defaults_of = forward_defaults_of,
    .geom_size   = sizeof(gli_pool_geom),
    .layout      = GLI_LAYOUT_IMAGE,
    .resolve     = resolve_forward,
    .cost        = gli_avg_pool_cost,
    .exact       = gli_avg_pool_exact,
    .derive      = derive_forward,
};

static const gli_op_param backward_fields[] = {
    GLI_PARAM(glia_avg_pool3d_backward_params, pool.kernel),
    GLI_PARAM(glia_avg_pool3d_backward_params, pool.stride),
    GLI_PARAM(glia_avg_pool3d_backward_params, pool.pad),
    GLI_PARAM(glia_avg_pool3d_backward_params, pool.pad_end),
    GLI_PARAM(glia_avg_pool3d_backward_params, pool.ceil_mode),
    GLI_PARAM(glia_avg_pool3d_backward_params, pool.count_include_pad),
    GLI_PARAM(glia_avg_pool3d_backward_params, size),
};
static const glia_avg_pool3d_backward_params backward_defaults = {.pool.stride = {1, 1, 1}};

const gli_op gli_op_avg_pool3d_backward = {
    .name = "avg_pool3d_backward",
    GLI_INPUTS(gli_avg_pool_backward_inputs),
    GLI_OUTPUTS(gli_pool_backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_pool_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_backward,
    .cost      = gli_avg_pool_cost,
    .exact     = gli_avg_pool_exact,
    .derive    = derive_backward,
};

glia_avg_pool3d_params glia_avg_pool3d_defaults(int kernel_slices, int kernel_rows, int kernel_columns) {
    return (glia_avg_pool3d_params){.kernel = {kernel_slices, kernel_rows, kernel_columns},
                                    .stride = {kernel_slices, kernel_rows, kernel_columns}};
}

glia_status glia_avg_pool3d(glia_context *ctx, const glia_avg_pool3d_params *params, const glia_tensor *x,
                            glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_avg_pool3d, params, GLI_IN(x), GLI_OUT(y));
}

glia_status glia_avg_pool3d_backward(glia_context *ctx, const glia_avg_pool3d_backward_params *params,
                                     const glia_tensor *dy, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_avg_pool3d_backward, params, GLI_IN(dy), GLI_OUT(dx));
}
