/* conv2d, and its gradient with respect to x, which is a transposed convolution of dy. */
#include "cpu/native/call_floats.h"
#include "cpu/native/conv/convolution.h"

static gli_convolution forward(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    const glia_tensor *w = call->in[GLI_CONV_W], *x = call->in[GLI_CONV_X], *y = call->out[0];
    gli_convolution c = gli_convolution_of(g, x, y, w);
    c.group_stride    = g->k / g->groups * w->stride[0];
    c.out_stride      = w->stride[0];
    c.in_stride       = w->stride[1];
    return c;
}

static const char *decline(const gli_call *call) {
    const gli_convolution c = forward(call);
    return gli_convolution_decline(&c);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_convolution c = forward(call);
    out->workspace          = gli_convolution_workspace(&c);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_convolution c = forward(call);
    const glia_tensor *bias = call->n_in > GLI_CONV_BIAS ? call->in[GLI_CONV_BIAS] : NULL;
    gli_convolution_run(call->ctx, &c, gli_in_floats(call, GLI_CONV_X), gli_in_floats(call, GLI_CONV_W), bias,
                        gli_out_floats(call, 0), workspace);
    return GLIA_OK;
}

static gli_convolution backward(const gli_call *call) {
    const gli_conv_geom *g = call->geom;
    const glia_tensor *w = call->in[GLI_CONV_DATA_W], *dy = call->in[GLI_CONV_DATA_DY], *dx = call->out[0];
    gli_convolution c = gli_convolution_of(g, dy, dx, w);
    c.transposed      = true;
    c.group_stride    = g->k / g->groups * w->stride[0];
    c.out_stride      = w->stride[1];
    c.in_stride       = w->stride[0];
    return c;
}

static const char *decline_data(const gli_call *call) {
    const gli_convolution c = backward(call);
    return gli_convolution_decline(&c);
}

static glia_status prepare_data(const gli_call *call, gli_prepared *out) {
    const gli_convolution c = backward(call);
    out->workspace          = gli_convolution_workspace(&c);
    return GLIA_OK;
}

static glia_status run_data(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_convolution c = backward(call);
    gli_convolution_run(call->ctx, &c, gli_in_floats(call, GLI_CONV_DATA_DY), gli_in_floats(call, GLI_CONV_DATA_W),
                        NULL, gli_out_floats(call, 0), workspace);
    return GLIA_OK;
}

const gli_provider gli_conv2d_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_CONVOLUTION, .decline = decline, .prepare = prepare, .run = run};
const gli_provider gli_conv2d_backward_data_native = {.name    = "cpu.native",
                                                      .accepts = GLI_ACCEPTS_CONVOLUTION,
                                                      .decline = decline_data,
                                                      .prepare = prepare_data,
                                                      .run     = run_data};
