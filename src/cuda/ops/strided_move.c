#include "cuda/ops/strided_move.h"

#include "core/dtype.h"

glia_copy_side glia_cuda_side(const glia_tensor *tensor) {
    glia_copy_side side = {.dtype = tensor->dtype, .data = tensor->data};
    for (int d = 0; d < tensor->ndim; ++d) side.stride[d] = tensor->stride[d];
    return side;
}

glia_copy_geom glia_cuda_copy_geom(const glia_tensor *shape, const glia_tensor *from, const glia_tensor *to) {
    glia_copy_geom g = {.ndim = shape->ndim, .to = glia_cuda_side(to), .from = glia_cuda_side(from)};
    for (int d = 0; d < shape->ndim; ++d) g.dim[d] = shape->dim[d];
    return g;
}

glia_status glia_cuda_copy(const glia_call *call, const glia_copy_geom *geom) {
    GLIA_CUDA_TRY(call->ctx, glia_kernel_copy(geom, call->stream));
    return GLIA_OK;
}

void *glia_cuda_element(const glia_copy_side *side, int64_t offset) {
    return (char *)side->data + offset * (int64_t)glia_dtype_size(side->dtype);
}
