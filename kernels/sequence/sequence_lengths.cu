/* A warp for each sequence, which it reads from its end, so that it reads the padding and little else. */
#include "kernels/sequence/sequence_lengths_launch.h"

#include <cstring>

#include "kernels/device/block_reduce.cuh"
#include "kernels/device/divide.cuh"

namespace glia {
namespace {

enum { LENGTH_THREADS = 128, LENGTH_WARPS = LENGTH_THREADS / LANES };

template <class T>
__device__ inline bool differ(T a, T b) {
    return a != b;
}
template <>
__device__ inline bool differ(bf16 a, bf16 b) {
    return to_compute(a) != to_compute(b);
}
template <>
__device__ inline bool differ(f16 a, f16 b) {
    return to_compute(a) != to_compute(b);
}

/* Element i of a sequence, counted as if it were a dense array of its own, is element i % width of step i / width. */
struct sequence_strides {
    int batch, elements;
    int64_t sequence_stride, step_stride;
    divisor width;
};

template <class T>
__global__ void __launch_bounds__(LENGTH_THREADS)
    sequence_lengths_kernel(sequence_strides s, const T *x, T padding, int *lengths) {
    const int n    = static_cast<int>(blockIdx.x) * LENGTH_WARPS + static_cast<int>(threadIdx.x / LANES);
    const int lane = static_cast<int>(threadIdx.x % LANES);
    if (n >= s.batch) return;
    x += n * s.sequence_stride;
    int end       = s.elements;
    unsigned kept = 0;
    for (; end > 0 && kept == 0; end -= LANES) {
        const int i = end - LANES + lane;
        bool real   = false;
        if (i >= 0) {
            const unsigned t = s.width.quotient(static_cast<unsigned>(i));
            real             = differ(x[t * s.step_stride + (i - t * s.width.value)], padding);
        }
        kept = __ballot_sync(EVERY_LANE, real);
    }
    if (lane > 0) return;
    const int last = end + LANES - 1 - __clz(static_cast<int>(kept));
    lengths[n]     = kept ? static_cast<int>(s.width.quotient(static_cast<unsigned>(last))) + 1 : 0;
}

template <class T>
cudaError_t sequence_lengths(const gli_sequence_geom &g, const void *x, int *lengths, cudaStream_t stream) {
    const int64_t width      = g.width;
    const sequence_strides s = {g.batch, g.steps * g.width, g.time == 1 ? g.steps * width : width,
                                g.time == 1 ? width : g.batch * width, divide_by(static_cast<unsigned>(g.width))};
    T padding;
    memcpy(&padding, static_cast<const void *>(&g.padding), sizeof padding);
    return GLI_LAUNCH(sequence_lengths_kernel<T>, blocks_for(g.batch, LENGTH_WARPS), LENGTH_THREADS, 0, stream, s,
                      static_cast<const T *>(x), padding, lengths);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_sequence_lengths(const gli_sequence_geom *g, glia_dtype dtype, const void *x, int *lengths,
                                        cudaStream_t stream) {
    if (g->batch == 0) return cudaSuccess;
    if (g->steps == 0 || g->width == 0)
        return cudaMemsetAsync(lengths, 0, static_cast<size_t>(g->batch) * sizeof *lengths, stream);
    switch (dtype) {
        case GLIA_U8: return glia::sequence_lengths<uint8_t>(*g, x, lengths, stream);
        case GLIA_I32: return glia::sequence_lengths<int32_t>(*g, x, lengths, stream);
        case GLIA_I64: return glia::sequence_lengths<int64_t>(*g, x, lengths, stream);
        default: return GLI_FOR_FLOAT(dtype, T, glia::sequence_lengths<T>(*g, x, lengths, stream));
    }
}
