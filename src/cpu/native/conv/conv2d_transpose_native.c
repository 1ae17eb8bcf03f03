#include "cpu/native/call_floats.h"
#include "cpu/native/conv/convolution.h"
#include "ops/conv/conv2d_transpose_geom.h"

static gli_convolution convolution_of(const gli_call *call) {
    const gli_conv2d_transpose_geom *g = call->geom;
    const glia_tensor *w = call->in[GLI_CONV2D_TRANSPOSE_W], *x = call->in[GLI_CONV2D_TRANSPOSE_X], *y = call->out[0];
    gli_convolution c = gli_convolution_of(g, x, y, w);
    c.transposed      = true;
    c.group_stride    = g->c / g->groups * w->stride[0];
    c.out_stride      = w->stride[1];
    c.in_stride       = w->stride[0];
    return c;
}

static const char *decline(const gli_call *call) {
    const gli_convolution c = convolution_of(call);
    return gli_convolution_decline(&c);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_convolution c = convolution_of(call);
    out->workspace          = gli_convolution_workspace(&c);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const gli_convolution c = convolution_of(call);
    const glia_tensor *bias = call->n_in > GLI_CONV2D_TRANSPOSE_BIAS ? call->in[GLI_CONV2D_TRANSPOSE_BIAS] : NULL;
    gli_convolution_run(call->ctx, &c, gli_in_floats(call, GLI_CONV2D_TRANSPOSE_X),
                        gli_in_floats(call, GLI_CONV2D_TRANSPOSE_W), bias, gli_out_floats(call, 0), workspace);
    return GLIA_OK;
}

const gli_provider gli_conv2d_transpose_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_CONVOLUTION, .decline = decline, .prepare = prepare, .run = run};
