/* One pass over the target, 16 bytes for each thread where steps are contiguous. */
#include "kernels/sequence/mask_steps_launch.h"

#include "kernels/device/index_check.cuh"
#include "kernels/device/move.cuh"

namespace glia {
namespace {

template <class T>
struct mask_rule {
    struct cursor {
        int64_t offset, step; /* step t of sequence n is number n steps + t */
    };
    const T *x;
    strided_dims from;
    int64_t step_number[GLIA_MAX_DIMS];
    divisor steps;
    gli_indices lengths;
    unsigned long long *slot;
    T fill;

    __device__ void step(cursor *c, int d, unsigned i) const {
        c->offset += i * from.stride[d];
        c->step += i * step_number[d];
    }
    __device__ T value(const cursor &c) const {
        const unsigned number = static_cast<unsigned>(c.step), n = steps.quotient(number);
        const int64_t t = number - n * steps.value, length = index_at(lengths, n);
        if (length < 0 || length > steps.value) note_index(slot, n, length);
        return t < length ? x[c.offset] : fill;
    }
};

template <class T>
cudaError_t mask_steps(const axes &a, int steps, const gli_step_mask &m, cudaStream_t stream) {
    mask_rule<T> rule = {};
    rule.x            = static_cast<const T *>(m.copy.from.data);
    rule.from         = dims_of(a, FROM);
    rule.steps        = divide_by(static_cast<unsigned>(steps));
    rule.lengths      = m.lengths;
    rule.slot         = m.slot;
    rule.fill         = replicated<T>(&m.fill, glia_dtype_size(m.copy.to.dtype));
    for (int d = 0; d < a.n; ++d) rule.step_number[d] = a.at[d].stride[INDEX];
    return move(a, static_cast<T *>(m.copy.to.data), rule, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_mask_steps(const gli_sequence_geom *g, const gli_step_mask *m, cudaStream_t stream) {
    const gli_copy_geom &c = m->copy;
    glia::axes a           = {};
    for (int d = 0; d < c.ndim; ++d) {
        const int64_t number = d == g->time ? 1 : d == 1 - g->time ? g->steps : 0;
        a.add(glia::whole_axis(c.dim[d], c.to.stride[d], c.from.stride[d], number));
    }
    if (a.count() == 0) return cudaSuccess;
    a                         = glia::simplify(a);
    const uintptr_t addresses = glia::address(c.to.data) | glia::address(c.from.data);
    const int bytes           = glia::vectorize(&a, static_cast<int>(glia_dtype_size(c.to.dtype)), addresses);
    return GLI_FOR_BYTES(bytes, T, glia::mask_steps<T>(a, g->steps, *m, stream));
}
