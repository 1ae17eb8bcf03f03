/* One pass over the target: each element is read from the part or is the fill value. Where rows keep their places, as
 * the channels of padded NHWC images do, they are joined and moved 16 bytes at a time. */
#include "kernels/movement/pad_launch.h"

#include "kernels/device/move.cuh"

namespace glia {
namespace {

template <class T>
struct place_rule {
    struct cursor {
        int64_t at;
        bool outside;
    };
    const T *x;
    walk from;
    unsigned start[GLIA_MAX_DIMS], count[GLIA_MAX_DIMS];
    divisor by[GLIA_MAX_DIMS]; /* the steps */
    T fill;

    __device__ void step(cursor *c, int d, unsigned i) const {
        const unsigned past = i < start[d] ? 0 : i - start[d], at = by[d].quotient(past);
        c->outside = c->outside || i < start[d] || at * by[d].value != past || at >= count[d];
        c->at += at * from.stride[d];
    }
    __device__ T value(const cursor &c) const { return c.outside ? fill : x[c.at]; }
};

template <class T>
cudaError_t place(const axes &a, const gli_place_geom &g, cudaStream_t stream) {
    place_rule<T> rule = {};
    rule.x             = static_cast<const T *>(g.copy.from.data);
    rule.from          = walk_of(a, FROM);
    rule.fill          = repeated<T>(g.fill, glia_dtype_size(g.copy.to.dtype));
    for (int d = 0; d < a.n; ++d) {
        rule.start[d] = static_cast<unsigned>(a.at[d].start);
        rule.count[d] = static_cast<unsigned>(a.at[d].count);
        rule.by[d]    = divide_by(static_cast<unsigned>(a.at[d].step));
    }
    return move(a, static_cast<T *>(g.copy.to.data), rule, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_place(const gli_place_geom *g, cudaStream_t stream) {
    const gli_copy_geom &c = g->copy;
    glia::axes a           = {};
    for (int d = 0; d < c.ndim; ++d)
        a.add({c.dim[d], {c.to.stride[d], c.from.stride[d], 0}, g->start[d], g->step[d], g->count[d]});
    if (a.count() == 0) return cudaSuccess;
    a                  = glia::simplify(a);
    const uintptr_t at = glia::address(c.to.data) | glia::address(c.from.data);
    const int bytes    = glia::widen(&a, static_cast<int>(glia_dtype_size(c.to.dtype)), at);
    return GLI_FOR_BYTES(bytes, T, glia::place<T>(a, *g, stream));
}
