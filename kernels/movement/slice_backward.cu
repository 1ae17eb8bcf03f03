/* A pad with interior padding: the kernel is in pad.cu. */
#include "kernels/movement/slice_backward_launch.h"

#include "kernels/movement/pad.cuh"

cudaError_t gli_kernel_slice_backward(const gli_slice_geom *g, const gli_copy_geom *copy, cudaStream_t stream) {
    glia::padded_dim dims[GLIA_MAX_DIMS] = {};
    for (int d = 0; d < g->ndim; ++d) dims[d] = {g->start[d], g->step[d], g->count[d]};
    return glia::pad(*copy, dims, 0, stream);
}
