#include "kernels/movement/gather_launch.h"

#include <string.h>

#include "core/provider.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"
#include "cuda/ops/strided_move.h"

static gli_indices indices_of(const gli_call *call, const gli_cuda_view *v) {
    return (gli_indices){v->in[GLI_GATHER_INDICES], call->in[GLI_GATHER_INDICES]->dtype};
}

static glia_status gather(const gli_call *call, const gli_cuda_view *v) {
    const gli_gather_geom *g = call->geom;
    const glia_tensor *x = call->in[GLI_GATHER_X], *y = call->out[0];
    const int64_t *stride    = v->in_stride[GLI_GATHER_X];
    gli_gather_arrays arrays = {
        .copy = gli_cuda_copy_geom(y, x, y), .row_stride = stride[g->axis], .indices = indices_of(call, v)};
    arrays.copy.from.data = (void *)v->in[GLI_GATHER_X];
    arrays.copy.to.data   = v->out[0];
    memcpy(arrays.copy.to.stride, v->out_stride[0], (size_t)y->ndim * sizeof *stride);
    const int after = g->axis + g->index_ndim; /* the first dimension of y behind those of the indices */
    int64_t step    = g->count;                /* the stride of dense indices */
    for (int d = 0; d < y->ndim; ++d) {
        const bool of_indices = d >= g->axis && d < after;
        if (of_indices) step /= y->dim[d];
        arrays.index_stride[d]     = of_indices ? step : 0;
        arrays.copy.from.stride[d] = of_indices ? 0 : stride[d < after ? d : d - g->index_ndim + 1];
    }
    GLI_TRY(gli_cuda_index_slot(call, GLI_GATHER_INDICES, &arrays.slot));
    GLI_CUDA_TRY(call->ctx, gli_kernel_gather(g, &arrays, v->stream));
    return GLIA_OK;
}

static size_t backward_workspace(const gli_call *call, glia_dtype dtype) {
    return gli_kernel_gather_backward_workspace(call->geom, dtype);
}

static glia_status gather_backward(const gli_call *call, const gli_cuda_view *v) {
    gli_gather_backward_arrays arrays = {.dtype     = v->dtype,
                                         .indices   = indices_of(call, v),
                                         .dy        = v->in[GLI_GATHER_X],
                                         .dx        = v->out[0],
                                         .workspace = v->workspace};
    GLI_TRY(gli_cuda_index_slot(call, GLI_GATHER_INDICES, &arrays.slot));
    GLI_CUDA_TRY(call->ctx, gli_kernel_gather_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(gather, .run = gather, .strided_in = 1 << GLI_GATHER_X, .strided_out = 1,
                  .typed_in = 1 << GLI_GATHER_X | 1 << GLI_GATHER_INDICES, .typed_out = 1);
GLI_CUDA_PROVIDER(gather_backward, .run = gather_backward, .workspace = backward_workspace,
                  .typed_in = 1 << GLI_GATHER_INDICES);
