#include <string.h>

#include "core/provider.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"
#include "cuda/ops/strided_move.h"
#include "kernels/movement/gather_launch.h"
#include "ops/movement/gather_geom.h"

static glia_status indices_of(const gli_call *call, const gli_cuda_view *v, gli_row_indices *out) {
    const gli_gather_geom *g = call->geom;
    out->indices             = (gli_indices){v->in[GLI_GATHER_INDICES], call->in[GLI_GATHER_INDICES]->dtype};
    out->count               = g->count;
    out->size                = g->size;
    return gli_cuda_index_slot(call, GLI_GATHER_INDICES, &out->slot);
}

static glia_status gather(const gli_call *call, const gli_cuda_view *v) {
    const gli_gather_geom *g = call->geom;
    const glia_tensor *x = call->in[GLI_GATHER_X], *y = call->out[0];
    const int64_t *stride = v->in_stride[GLI_GATHER_X];
    gli_gather_walk walk  = {.copy = gli_cuda_copy_geom(y, x, y), .row_stride = stride[g->axis]};
    walk.copy.from.data   = (void *)v->in[GLI_GATHER_X];
    walk.copy.to.data     = v->out[0];
    memcpy(walk.copy.to.stride, v->out_stride[0], (size_t)y->ndim * sizeof *stride);
    gli_row_indices indices;
    GLI_TRY(indices_of(call, v, &indices));
    const int after = g->axis + g->index_ndim; /* the first dimension of y behind those of the indices */
    int64_t number  = g->count;
    for (int d = 0; d < y->ndim; ++d) {
        const bool of_indices = d >= g->axis && d < after;
        if (of_indices) number /= y->dim[d];
        walk.index_stride[d]     = of_indices ? number : 0;
        walk.copy.from.stride[d] = of_indices ? 0 : stride[d < after ? d : d - g->index_ndim + 1];
    }
    GLI_CUDA_TRY(call->ctx, gli_kernel_gather(&walk, &indices, v->stream));
    return GLIA_OK;
}

static size_t backward_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_gather_geom *g = call->geom;
    return gli_kernel_gather_backward_workspace(dtype, g->outer, g->inner, g->count);
}

static glia_status gather_backward(const gli_call *call, const gli_cuda_view *v) {
    const gli_gather_geom *g = call->geom;
    gli_gather_sums sums     = {.dtype   = v->dtype,
                                .outer   = g->outer,
                                .inner   = g->inner,
                                .padding = g->padding,
                                .dy      = v->in[GLI_GATHER_X],
                                .dx      = v->out[0]};
    gli_row_indices indices;
    GLI_TRY(indices_of(call, v, &indices));
    GLI_CUDA_TRY(call->ctx, gli_kernel_gather_backward(&sums, &indices, v->workspace, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(gather, .run = gather, .strided_in = 1 << GLI_GATHER_X, .strided_out = 1,
                  .typed_in = 1 << GLI_GATHER_X | 1 << GLI_GATHER_INDICES, .typed_out = 1);
GLI_CUDA_PROVIDER(gather_backward, .run = gather_backward, .workspace = backward_workspace,
                  .typed_in = 1 << GLI_GATHER_INDICES);
