#include "ops/pool/pool_window.h"

#include "ops/check.h"
#include "ops/elementwise/activation.h"

static glia_status resolve_forward(gli_resolution *r) {
    const glia_max_pool3d_params *p = r->params;
    const gli_pool_window window    = GLI_MAX_POOL_WINDOW(p);
    return gli_max_pool_resolve(r, &window, p->activation);
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_max_pool3d_backward_params *p = r->params;
    const gli_pool_window window             = GLI_MAX_POOL_WINDOW(&p->pool);
    return gli_max_pool_resolve_backward(r, &window, p->pool.activation, p->size, true);
}

static void derive_forward(gli_derivation *d) {
    const gli_pool_geom *g                     = d->geom;
    const glia_max_pool3d_backward_params back = {.size = {g->d, g->h, g->w},
                                                  .pool = *(const glia_max_pool3d_params *)d->params};
    gli_max_pool_derive(d, &gli_op_max_pool3d_backward, &back);
}

static const gli_op_param forward_fields[] = {
    GLI_PARAM(glia_max_pool3d_params, kernel),
    GLI_PARAM(glia_max_pool3d_params, stride),
    GLI_PARAM(glia_max_pool3d_params, pad),
    GLI_PARAM(glia_max_pool3d_params, pad_end),
    GLI_PARAM(glia_max_pool3d_params, dilation),
    GLI_PARAM(glia_max_pool3d_params, ceil_mode),
    GLI_PARAM_NAMED(glia_max_pool3d_params, activation, gli_activation_names),
};
static const glia_max_pool3d_params forward_defaults = {.stride = {1, 1, 1}, .dilation = {1, 1, 1}};

/* The usual stride is the kernel. */
static void forward_defaults_of(const void *params, void *out) {
    const glia_max_pool3d_params *p = params;
    glia_max_pool3d_params *usual   = out;
    for (int i = 0; i < 3; ++i) usual->stride[i] = p->kernel[i] > 0 ? p->kernel[i] : 1;
}

const gli_op gli_op_max_pool3d = {
    .name = "max_pool3d",
    GLI_INPUTS(gli_pool_inputs),
    GLI_OUTPUTS(gli_max_pool_outputs),
    GLI_PARAMS(forward_fields, forward_defaults),
    .defaults_of = forward_defaults_of,
    .geom_size   = sizeof(gli_pool_geom),
    .layout      = GLI_LAYOUT_IMAGE,
    .resolve     = resolve_forward,
    .cost        = gli_max_pool_cost,
    .exact       = gli_exact_always,
    .derive      = derive_forward,
};

static const gli_op_param backward_fields[] = {
    GLI_PARAM(glia_max_pool3d_backward_params, size),
    GLI_PARAM(glia_max_pool3d_backward_params, pool.kernel),
    GLI_PARAM(glia_max_pool3d_backward_params, pool.stride),
    GLI_PARAM(glia_max_pool3d_backward_params, pool.pad),
    GLI_PARAM(glia_max_pool3d_backward_params, pool.pad_end),
    GLI_PARAM(glia_max_pool3d_backward_params, pool.dilation),
    GLI_PARAM(glia_max_pool3d_backward_params, pool.ceil_mode),
    GLI_PARAM_NAMED(glia_max_pool3d_backward_params, pool.activation, gli_activation_names),
};
static const glia_max_pool3d_backward_params backward_defaults = {.pool = {.stride = {1, 1, 1}, .dilation = {1, 1, 1}}};

const gli_op gli_op_max_pool3d_backward = {
    .name = "max_pool3d_backward",
    GLI_INPUTS(gli_max_pool_backward_inputs),
    GLI_OUTPUTS(gli_pool_backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_pool_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_backward,
    .cost      = gli_max_pool_cost_backward,
    .exact     = gli_exact_always,
    .derive    = gli_max_pool_derive_backward,
};

glia_max_pool3d_params glia_max_pool3d_defaults(int kernel_slices, int kernel_rows, int kernel_columns) {
    return (glia_max_pool3d_params){.kernel   = {kernel_slices, kernel_rows, kernel_columns},
                                    .stride   = {kernel_slices, kernel_rows, kernel_columns},
                                    .dilation = {1, 1, 1}};
}

glia_status glia_max_pool3d(glia_context *ctx, const glia_max_pool3d_params *params, const glia_tensor *x,
                            glia_tensor *y, glia_tensor *indices) {
    return gli_call_op(ctx, &gli_op_max_pool3d, params, GLI_IN(x), GLI_OUT(y, indices));
}

glia_status glia_max_pool3d_backward(glia_context *ctx, const glia_max_pool3d_backward_params *params,
                                     const glia_tensor *dy, const glia_tensor *indices, glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_max_pool3d_backward, params, GLI_IN(dy, indices), GLI_OUT(dx));
}
