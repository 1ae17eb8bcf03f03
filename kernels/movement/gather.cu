/* One pass over the target: each thread reads the index and moves up to 16 bytes of its row. */
#include "kernels/movement/gather_launch.h"

#include "kernels/device/index_check.cuh"
#include "kernels/device/move.cuh"

namespace glia {
namespace {

/* A row out of range: all bits set, which is NaN in every float type, so that it cannot pass for a result. */
template <class T>
__device__ inline T no_row() {
    return static_cast<T>(~uint64_t(0));
}
template <>
__device__ inline uint4 no_row<uint4>() {
    return {~0u, ~0u, ~0u, ~0u};
}

template <class T>
struct gather_rule {
    struct cursor {
        int64_t offset, index;
    };
    const T *x;
    row_indices rows;
    int64_t row_stride;
    strided_dims from;
    int64_t index_stride[GLIA_MAX_DIMS];

    __device__ void step(cursor *c, int d, unsigned i) const {
        c->offset += i * from.stride[d];
        c->index += i * index_stride[d];
    }
    __device__ T value(const cursor &c) const {
        const int row = rows.row_at(static_cast<unsigned>(c.index));
        return row < 0 ? no_row<T>() : x[c.offset + row * row_stride];
    }
};

template <class T>
cudaError_t gather(const axes &a, int64_t row_stride, const gli_gather_geom &g, const gli_gather_arrays &arrays,
                   cudaStream_t stream) {
    gather_rule<T> rule = {};
    rule.x              = static_cast<const T *>(arrays.copy.from.data);
    rule.rows           = {arrays.indices, arrays.slot, g.size};
    rule.row_stride     = row_stride;
    rule.from           = dims_of(a, FROM);
    for (int d = 0; d < a.n; ++d) rule.index_stride[d] = a.at[d].stride[INDEX];
    return move(a, static_cast<T *>(arrays.copy.to.data), rule, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_gather(const gli_gather_geom *geom, const gli_gather_arrays *arrays, cudaStream_t stream) {
    const gli_copy_geom &c = arrays->copy;
    glia::axes a           = {};
    for (int d = 0; d < c.ndim; ++d)
        a.add(glia::whole_axis(c.dim[d], c.to.stride[d], c.from.stride[d], arrays->index_stride[d]));
    if (a.count() == 0) return cudaSuccess;
    a                         = glia::simplify(a);
    const int size            = static_cast<int>(glia_dtype_size(c.to.dtype));
    const uintptr_t addresses = glia::address(c.to.data) | glia::address(c.from.data);
    const int bytes           = glia::vectorize(&a, size, addresses, arrays->row_stride);
    const int64_t row_stride  = arrays->row_stride / (bytes / size);
    return GLI_FOR_BYTES(bytes, T, glia::gather<T>(a, row_stride, *geom, *arrays, stream));
}
