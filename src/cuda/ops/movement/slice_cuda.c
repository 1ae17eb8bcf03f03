#include "core/provider.h"
#include "cuda/ops/strided_move.h"
#include "kernels/movement/slice_backward_launch.h"
#include "ops/movement/slice_geom.h"

static glia_status slice(const gli_call *call) {
    const gli_slice_geom *g = call->geom;
    const glia_tensor *x    = call->in[GLI_SLICE_X];
    gli_copy_geom copy      = gli_cuda_copy_geom(call->out[0], x, call->out[0]);
    int64_t first           = 0;
    for (int d = 0; d < g->ndim; ++d) {
        first += g->start[d] * x->stride[d];
        copy.from.stride[d] = g->step[d] * x->stride[d];
    }
    copy.from.data = gli_cuda_element(&copy.from, first);
    return gli_cuda_copy(call, &copy);
}

static glia_status slice_backward(const gli_call *call) {
    const glia_tensor *dx    = call->out[0];
    const gli_copy_geom copy = gli_cuda_copy_geom(dx, call->in[GLI_SLICE_BACKWARD_DY], dx);
    GLI_CUDA_TRY(call->ctx, gli_kernel_slice_backward(call->geom, &copy, call->stream));
    return GLIA_OK;
}

GLI_CUDA_MOVE_PROVIDER(slice, slice);
GLI_CUDA_MOVE_PROVIDER(slice_backward, slice_backward);
