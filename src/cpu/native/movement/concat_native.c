#include "ops/movement/concat_geom.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cpu/native/strided_copy.h"

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const gli_concat_geom *g = call->geom;
    const glia_tensor *y     = call->out[0];
    for (int i = 0; i < g->n; ++i) {
        glia_tensor part  = *y;
        part.dim[g->axis] = g->start[i + 1] - g->start[i];
        part.data = gli_data_at(y->data, (size_t)(g->start[i] * y->stride[g->axis]) * glia_dtype_size(y->dtype));
        gli_copy_tensor(call->ctx, call->in[i], &part);
    }
    return GLIA_OK;
}

const gli_provider gli_concat_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_ALL, .run = run};
