/* A copy through the shape of whichever side is not dense. */
#include "core/provider.h"
#include "cpu/native/strided_copy.h"
#include "ops/movement/reshape_geom.h"

static const char *decline(const gli_call *call) {
    return gli_is_dense(call->in[GLI_RESHAPE_X]) || gli_is_dense(call->out[0])
               ? NULL
               : "x and y both have gaps or another order of dimensions";
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    glia_tensor x = *call->in[GLI_RESHAPE_X], y = *call->out[0];
    if (gli_is_dense(&y))
        gli_set_shape(&y, y.dtype, x.ndim, x.dim);
    else
        gli_set_shape(&x, x.dtype, y.ndim, y.dim);
    gli_copy_tensor(call->ctx, &x, &y);
    return GLIA_OK;
}

const gli_provider gli_reshape_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_ALL, .decline = decline, .run = run};
