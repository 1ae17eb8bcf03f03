#include "ops/movement/pad_geom.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cpu/native/strided_copy.h"

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_pad_geom *g = call->geom;
    const glia_tensor *y  = call->out[0];
    glia_tensor part      = *y;
    int64_t offset        = 0;
    for (int i = 0; i < g->ndim; ++i) {
        offset += g->before[i] * y->stride[i];
        part.dim[i] = g->size[i];
    }
    part.data = gli_data_at(y->data, (size_t)offset * glia_dtype_size(y->dtype));
    gli_copy_fill(call->ctx, y, g->value);
    gli_copy_tensor(call->ctx, call->in[GLI_PAD_X], &part);
    return GLIA_OK;
}

const gli_provider gli_pad_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_ALL, .run = run};
