#include "ops/movement/slice_geom.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cpu/native/strided_copy.h"

/* The part of the whole that the slice names, as a view. */
static glia_tensor part_of(const gli_slice_geom *g, const glia_tensor *whole) {
    glia_tensor part = *whole;
    int64_t offset   = 0;
    for (int i = 0; i < g->ndim; ++i) {
        offset += g->start[i] * whole->stride[i];
        part.dim[i]    = g->count[i];
        part.stride[i] = g->step[i] * whole->stride[i];
    }
    part.data = gli_data_at(whole->data, (size_t)offset * glia_dtype_size(whole->dtype));
    return part;
}

static glia_status run_slice(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const glia_tensor part = part_of(call->geom, call->in[GLI_SLICE_X]);
    gli_copy_tensor(call->ctx, &part, call->out[0]);
    return GLIA_OK;
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared, (void)workspace;
    const glia_tensor *dx  = call->out[0];
    const glia_tensor part = part_of(call->geom, dx);
    gli_copy_fill(call->ctx, dx, 0);
    gli_copy_tensor(call->ctx, call->in[GLI_SLICE_BACKWARD_DY], &part);
    return GLIA_OK;
}

const gli_provider gli_slice_native          = {.name = "cpu.native", .accepts = GLI_ACCEPTS_ALL, .run = run_slice};
const gli_provider gli_slice_backward_native = {.name = "cpu.native", .accepts = GLI_ACCEPTS_ALL, .run = run_backward};
