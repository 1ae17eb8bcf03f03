#include "core/dtype.h"
#include "core/provider.h"
#include "core/size.h"
#include "cuda/ops/strided_move.h"
#include "ops/movement/reshape_geom.h"

/* A dense side has the elements in the same order under either shape. Where neither is dense, the elements go through
 * the workspace. */
static glia_status copy(const gli_call *call, const glia_tensor *shape, const glia_tensor *from,
                        const glia_tensor *to) {
    gli_copy_geom g      = gli_cuda_copy_geom(shape, from, to);
    gli_copy_side *dense = shape == from ? &g.to : &g.from;
    gli_dense_strides(shape->ndim, shape->dim, dense->stride);
    return gli_cuda_copy(call, &g);
}

static bool through_workspace(const gli_call *call) {
    return !gli_is_dense(call->in[GLI_RESHAPE_X]) && !gli_is_dense(call->out[0]);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const glia_tensor *x = call->in[GLI_RESHAPE_X];
    if (through_workspace(call)) out->workspace = (size_t)gli_count(x) * glia_dtype_size(x->dtype);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    const glia_tensor *x = call->in[GLI_RESHAPE_X], *y = call->out[0];
    if (gli_is_dense(x)) return copy(call, y, x, y);
    if (gli_is_dense(y)) return copy(call, x, x, y);
    glia_tensor middle = *y;
    middle.data        = workspace;
    GLI_TRY(copy(call, x, x, &middle));
    return copy(call, y, &middle, y);
}

const gli_provider gli_reshape_portable = {
    .name = "cuda.portable", .accepts = GLI_ACCEPTS_ALL, .prepare = prepare, .run = run};
