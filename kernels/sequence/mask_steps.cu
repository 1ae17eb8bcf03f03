/* Lengths: a warp walks back from the end of its sequence, so that it reads the padding and little else. Masks: one
 * pass over the target, 16 bytes for each thread where steps are contiguous. */
#include "kernels/sequence/mask_steps_launch.h"

#include <cstring>

#include "kernels/device/index_check.cuh"
#include "kernels/device/move.cuh"
#include "kernels/device/block_reduce.cuh"

namespace glia {
namespace {

enum { LENGTH_THREADS = 128, LENGTH_WARPS = LENGTH_THREADS / LANES };

template <class T>
__device__ inline bool differ(T a, T b) {
    return a != b;
}
template <>
__device__ inline bool differ(bf16 a, bf16 b) {
    return widen(a) != widen(b);
}
template <>
__device__ inline bool differ(f16 a, f16 b) {
    return widen(a) != widen(b);
}

/* Where elements of sequence n are, counted as if each sequence were an array of its own. */
struct sequence_walk {
    int batch, elements;
    int64_t sequence_stride, step_stride;
    divisor width;
};

template <class T>
__global__ void __launch_bounds__(LENGTH_THREADS) lengths_kernel(sequence_walk w, const T *x, T padding, int *lengths) {
    const int n    = static_cast<int>(blockIdx.x) * LENGTH_WARPS + static_cast<int>(threadIdx.x / LANES);
    const int lane = static_cast<int>(threadIdx.x % LANES);
    if (n >= w.batch) return;
    x += n * w.sequence_stride;
    int end       = w.elements;
    unsigned kept = 0;
    for (; end > 0 && kept == 0; end -= LANES) {
        const int i = end - LANES + lane;
        bool real   = false;
        if (i >= 0) {
            const unsigned t = w.width.quotient(static_cast<unsigned>(i));
            real             = differ(x[t * w.step_stride + (i - t * w.width.value)], padding);
        }
        kept = __ballot_sync(EVERY_LANE, real);
    }
    if (lane > 0) return;
    const int last = end + LANES - 1 - __clz(static_cast<int>(kept));
    lengths[n]     = kept ? static_cast<int>(w.width.quotient(static_cast<unsigned>(last))) + 1 : 0;
}

template <class T>
cudaError_t sequence_lengths(const gli_sequences &s, const void *x, const void *padding, int *lengths,
                             cudaStream_t stream) {
    const int64_t width   = s.width;
    const sequence_walk w = {s.batch, s.steps * s.width, s.time == 1 ? s.steps * width : width,
                             s.time == 1 ? width : s.batch * width, divide_by(static_cast<unsigned>(s.width))};
    T element;
    memcpy(&element, padding, sizeof element);
    return GLI_LAUNCH(lengths_kernel<T>, blocks_for(s.batch, LENGTH_WARPS), LENGTH_THREADS, 0, stream, w,
                      static_cast<const T *>(x), element, lengths);
}

template <class T>
struct mask_rule {
    struct cursor {
        int64_t at, step; /* step t of sequence n is number n steps + t */
    };
    const T *x;
    walk from;
    int64_t step_number[GLIA_MAX_DIMS];
    divisor steps;
    gli_indices lengths;
    unsigned long long *slot;
    T fill;

    __device__ void step(cursor *c, int d, unsigned i) const {
        c->at += i * from.stride[d];
        c->step += i * step_number[d];
    }
    __device__ T value(const cursor &c) const {
        const unsigned number = static_cast<unsigned>(c.step), n = steps.quotient(number);
        const int64_t t = number - n * steps.value, length = index_at(lengths, n);
        if (length < 0 || length > steps.value) note_index(slot, n, length);
        return t < length ? x[c.at] : fill;
    }
};

template <class T>
cudaError_t mask_steps(const axes &a, const gli_step_mask &m, cudaStream_t stream) {
    mask_rule<T> rule = {};
    rule.x            = static_cast<const T *>(m.copy.from.data);
    rule.from         = walk_of(a, FROM);
    rule.steps        = divide_by(static_cast<unsigned>(m.sequences.steps));
    rule.lengths      = m.lengths;
    rule.slot         = m.slot;
    rule.fill         = repeated<T>(m.fill, glia_dtype_size(m.copy.to.dtype));
    for (int d = 0; d < a.n; ++d) rule.step_number[d] = a.at[d].stride[INDEX];
    return move(a, static_cast<T *>(m.copy.to.data), rule, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_sequence_lengths(const gli_sequences *s, glia_dtype dtype, const void *x, const void *padding,
                                        int *lengths, cudaStream_t stream) {
    if (s->batch == 0) return cudaSuccess;
    if (s->steps == 0 || s->width == 0)
        return cudaMemsetAsync(lengths, 0, static_cast<size_t>(s->batch) * sizeof *lengths, stream);
    switch (dtype) {
        case GLIA_U8: return glia::sequence_lengths<uint8_t>(*s, x, padding, lengths, stream);
        case GLIA_I32: return glia::sequence_lengths<int32_t>(*s, x, padding, lengths, stream);
        case GLIA_I64: return glia::sequence_lengths<int64_t>(*s, x, padding, lengths, stream);
        default: return GLI_FOR_FLOAT(dtype, T, glia::sequence_lengths<T>(*s, x, padding, lengths, stream));
    }
}

cudaError_t gli_kernel_mask_steps(const gli_step_mask *m, cudaStream_t stream) {
    const gli_copy_geom &c = m->copy;
    const int time         = m->sequences.time;
    glia::axes a           = {};
    for (int d = 0; d < c.ndim; ++d) {
        const int64_t number = d == time ? 1 : d == 1 - time ? m->sequences.steps : 0;
        a.add(glia::whole_axis(c.dim[d], c.to.stride[d], c.from.stride[d], number));
    }
    if (a.count() == 0) return cudaSuccess;
    a                  = glia::simplify(a);
    const uintptr_t at = glia::address(c.to.data) | glia::address(c.from.data);
    const int bytes    = glia::widen(&a, static_cast<int>(glia_dtype_size(c.to.dtype)), at);
    return GLI_FOR_BYTES(bytes, T, glia::mask_steps<T>(a, *m, stream));
}
