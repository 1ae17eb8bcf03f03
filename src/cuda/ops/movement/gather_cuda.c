#include <string.h>

#include "cuda/device/index_error.h"
#include "cuda/ops/strided_move.h"
#include "cuda/ops/dense_view.h"
#include "kernels/movement/gather_launch.h"
#include "ops/movement/gather_geom.h"

static glia_status indices_of(const glia_call *call, const glia_cuda_view *v, glia_row_indices *out) {
    const glia_gather_geom *g = call->geom;
    out->indices              = (glia_indices){v->in[GATHER_INDICES], call->in[GATHER_INDICES]->dtype};
    out->count                = g->count;
    out->size                 = g->size;
    return glia_cuda_index_slot(call, GATHER_INDICES, &out->slot);
}

static glia_status gather(const glia_call *call, const glia_cuda_view *v) {
    const glia_gather_geom *g = call->geom;
    const glia_tensor *x = call->in[GATHER_X], *y = call->out[0];
    const int64_t *stride = v->in_stride[GATHER_X];
    glia_gather_walk walk = {.copy = glia_cuda_copy_geom(y, x, y), .row_stride = stride[g->axis]};
    walk.copy.from.data   = (void *)v->in[GATHER_X];
    walk.copy.to.data     = v->out[0];
    memcpy(walk.copy.to.stride, v->out_stride[0], (size_t)y->ndim * sizeof *stride);
    glia_row_indices indices;
    GLIA_TRY(indices_of(call, v, &indices));
    const int after = g->axis + g->index_ndim; /* the first dimension of y behind those of the indices */
    int64_t number  = g->count;
    for (int d = 0; d < y->ndim; ++d) {
        const bool of_indices = d >= g->axis && d < after;
        if (of_indices) number /= y->dim[d];
        walk.index_stride[d]     = of_indices ? number : 0;
        walk.copy.from.stride[d] = of_indices ? 0 : stride[d < after ? d : d - g->index_ndim + 1];
    }
    GLIA_CUDA_TRY(call->ctx, glia_kernel_gather(&walk, &indices, v->stream));
    return GLIA_OK;
}

static size_t backward_workspace(const glia_call *call, glia_dtype dtype) {
    const glia_gather_geom *g = call->geom;
    return glia_kernel_gather_backward_workspace(dtype, g->outer, g->inner, g->count);
}

static glia_status gather_backward(const glia_call *call, const glia_cuda_view *v) {
    const glia_gather_geom *g = call->geom;
    glia_gather_sums sums     = {.dtype   = v->dtype,
                                 .outer   = g->outer,
                                 .inner   = g->inner,
                                 .padding = g->padding,
                                 .dy      = v->in[GATHER_X],
                                 .dx      = v->out[0]};
    glia_row_indices indices;
    GLIA_TRY(indices_of(call, v, &indices));
    GLIA_CUDA_TRY(call->ctx, glia_kernel_gather_backward(&sums, &indices, v->workspace, v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(gather, .run = gather, .strided_in = 1 << GATHER_X, .strided_out = 1,
                   .typed_in = 1 << GATHER_X | 1 << GATHER_INDICES, .typed_out = 1);
GLIA_CUDA_PROVIDER(gather_backward, .run = gather_backward, .workspace = backward_workspace,
                   .typed_in = 1 << GATHER_INDICES);
