#include "ops/conv/conv_contract.h"

static glia_status resolve_forward(gli_resolution *r) {
    const glia_conv2d_params *p  = r->params;
    const gli_conv_params params = GLI_CONV_PARAMS(p);
    return gli_conv_resolve(r, &params);
}

static glia_status resolve_data(gli_resolution *r) {
    const glia_conv2d_backward_params *p = r->params;
    const gli_conv_params params         = GLI_CONV_PARAMS(&p->conv);
    return gli_conv_resolve_data(r, &params, p->size);
}

static glia_status resolve_filter(gli_resolution *r) {
    const glia_conv2d_backward_params *p = r->params;
    const gli_conv_params params         = GLI_CONV_PARAMS(&p->conv);
    return gli_conv_resolve_filter(r, &params, p->size);
}

static const gli_op_param forward_fields[] = {
    GLI_PARAM(glia_conv2d_params, stride),  GLI_PARAM(glia_conv2d_params, pad),
    GLI_PARAM(glia_conv2d_params, pad_end), GLI_PARAM(glia_conv2d_params, dilation),
    GLI_PARAM(glia_conv2d_params, groups),  GLI_PARAM_NAMED(glia_conv2d_params, activation, gli_activation_names),
};
static const glia_conv2d_params forward_defaults = {.stride = {1, 1}, .dilation = {1, 1}, .groups = 1};

const gli_op gli_op_conv2d = {
    .name = "conv2d",
    GLI_INPUTS(gli_conv_inputs),
    GLI_OUTPUTS(gli_conv_outputs),
    GLI_PARAMS(forward_fields, forward_defaults),
    .geom_size = sizeof(gli_conv_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_forward,
    .cost      = gli_conv_cost,
    .exact     = gli_conv_exact,
    .derive    = gli_conv_derive,
};

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
    GLI_INPUTS(gli_conv_data_inputs),
    GLI_OUTPUTS(gli_conv_data_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_conv_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_data,
    .cost      = gli_conv_cost_data,
    .exact     = gli_exact_always,
    .derive    = gli_conv_derive_data,
};

const gli_op gli_op_conv2d_backward_filter = {
    .name = "conv2d_backward_filter",
    GLI_INPUTS(gli_conv_filter_inputs),
    GLI_OUTPUTS(gli_conv_filter_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_conv_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_filter,
    .cost      = gli_conv_cost_filter,
    .exact     = gli_exact_always,
    .derive    = gli_conv_derive_filter,
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
