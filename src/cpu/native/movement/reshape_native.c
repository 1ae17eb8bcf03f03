/* A copy through the shape of whichever side is not dense. */
#include "ops/movement/reshape_geom.h"

#include "cpu/native/strided_copy.h"

static const char *decline(const glia_call *call) {
    return glia_is_dense(call->in[RESHAPE_X]) || glia_is_dense(call->out[0])
               ? NULL
               : "x and y both have gaps or another order of dimensions";
}

static glia_status run(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    glia_tensor x = *call->in[RESHAPE_X], y = *call->out[0];
    if (glia_is_dense(&y))
        glia_set_shape(&y, y.dtype, x.ndim, x.dim);
    else
        glia_set_shape(&x, x.dtype, y.ndim, y.dim);
    glia_copy_tensor(call->ctx, &x, &y);
    return GLIA_OK;
}

const glia_provider glia_reshape_native = {.name = "cpu.native", .decline = decline, .run = run};
