#include "cuda/ops/strided_move.h"

#include "core/dtype.h"

gli_copy_side gli_cuda_side(const glia_tensor *tensor) {
    gli_copy_side side = {.dtype = tensor->dtype, .data = tensor->data};
    for (int d = 0; d < tensor->ndim; ++d) side.stride[d] = tensor->stride[d];
    return side;
}

gli_copy_geom gli_cuda_copy_geom(const glia_tensor *shape, const glia_tensor *from, const glia_tensor *to) {
    gli_copy_geom g = {.ndim = shape->ndim, .to = gli_cuda_side(to), .from = gli_cuda_side(from)};
    for (int d = 0; d < shape->ndim; ++d) g.dim[d] = shape->dim[d];
    return g;
}

glia_status gli_cuda_copy(const gli_call *call, const gli_copy_geom *geom) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_copy(geom, call->stream));
    return GLIA_OK;
}

void *gli_cuda_element(const gli_copy_side *side, int64_t offset) {
    return (char *)side->data + offset * (int64_t)glia_dtype_size(side->dtype);
}
