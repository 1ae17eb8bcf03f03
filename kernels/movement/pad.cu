/* One pass over the target: each element is read from the source or is the fill value. Where the padding keeps rows
 * whole, as it does the channels of padded NHWC images, they are joined and moved 16 bytes at a time. */
#include "kernels/movement/pad_launch.h"

#include "kernels/device/move.cuh"
#include "kernels/movement/pad.cuh"

namespace glia {
namespace {

template <class T>
struct pad_rule {
    struct cursor {
        int64_t offset;
        bool outside;
    };
    const T *x;
    strided_dims from;
    unsigned start[GLIA_MAX_DIMS], count[GLIA_MAX_DIMS];
    divisor by[GLIA_MAX_DIMS]; /* the steps */
    T fill;

    __device__ void step(cursor *c, int d, unsigned i) const {
        const unsigned past = i < start[d] ? 0 : i - start[d], element = by[d].quotient(past);
        c->outside = c->outside || i < start[d] || element * by[d].value != past || element >= count[d];
        c->offset += element * from.stride[d];
    }
    __device__ T value(const cursor &c) const { return c.outside ? fill : x[c.offset]; }
};

template <class T>
cudaError_t launch_pad(const axes &a, const gli_copy_geom &copy, uint64_t fill, cudaStream_t stream) {
    pad_rule<T> rule = {};
    rule.x           = static_cast<const T *>(copy.from.data);
    rule.from        = dims_of(a, FROM);
    rule.fill        = replicated<T>(&fill, glia_dtype_size(copy.to.dtype));
    for (int d = 0; d < a.n; ++d) {
        rule.start[d] = static_cast<unsigned>(a.at[d].start);
        rule.count[d] = static_cast<unsigned>(a.at[d].count);
        rule.by[d]    = divide_by(static_cast<unsigned>(a.at[d].step));
    }
    return move(a, static_cast<T *>(copy.to.data), rule, stream);
}

}  // namespace

cudaError_t pad(const gli_copy_geom &copy, const padded_dim *dims, uint64_t fill, cudaStream_t stream) {
    axes a = {};
    for (int d = 0; d < copy.ndim; ++d)
        a.add({copy.dim[d], {copy.to.stride[d], copy.from.stride[d], 0}, dims[d].start, dims[d].step, dims[d].count});
    if (a.count() == 0) return cudaSuccess;
    a                         = simplify(a);
    const uintptr_t addresses = address(copy.to.data) | address(copy.from.data);
    const int bytes           = vectorize(&a, static_cast<int>(glia_dtype_size(copy.to.dtype)), addresses);
    return GLI_FOR_BYTES(bytes, T, launch_pad<T>(a, copy, fill, stream));
}

}  // namespace glia

cudaError_t gli_kernel_pad(const gli_pad_geom *g, const gli_copy_geom *copy, uint64_t fill, cudaStream_t stream) {
    glia::padded_dim dims[GLIA_MAX_DIMS] = {};
    for (int d = 0; d < g->ndim; ++d) dims[d] = {g->before[d], 1, g->size[d]};
    return glia::pad(*copy, dims, fill, stream);
}
