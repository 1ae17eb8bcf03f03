/* A warp for each line: the first in the order of the results, then, again and again, the first of those after it. So k
 * passes over the line, without memory of its own, for any k. */
#include "kernels/reduce/topk_launch.h"

#include "kernels/device/block_reduce.cuh"

namespace glia {
namespace {

enum { TOPK_THREADS = 128, NOBODY = -1 };

template <class C>
__device__ inline bool larger(C a, C b) {
    return a > b || (a != a && b == b);
}

/* An element of a line; index NOBODY: none. */
template <class C, bool SMALLEST>
struct candidate {
    C value;
    int index;

    __device__ bool before(const candidate &other) const {
        if (larger(value, other.value)) return !SMALLEST;
        if (larger(other.value, value)) return SMALLEST;
        return index < other.index;
    }
    __device__ void merge(const candidate &other) {
        if (other.index != NOBODY && (index == NOBODY || other.before(*this))) *this = other;
    }
    __device__ candidate down(int distance, int lanes) const {
        return {__shfl_down_sync(EVERY_LANE, value, distance, lanes),
                __shfl_down_sync(EVERY_LANE, index, distance, lanes)};
    }
};

struct topk_shape {
    int lines, length, inner, k;
};

template <class T, bool SMALLEST>
__global__ void __launch_bounds__(TOPK_THREADS)
    topk_kernel(topk_shape s, const T *x, T *y, int64_t *indices, int64_t *positions) {
    typedef candidate<compute<T>, SMALLEST> element;
    const unsigned line = blockIdx.x * (TOPK_THREADS / LANES) + threadIdx.x / LANES;
    const int lane      = threadIdx.x % LANES;
    if (line >= unsigned(s.lines)) return;
    const unsigned outer = line / s.inner, inside = line - outer * s.inner;
    const int64_t first = int64_t(outer) * s.length * s.inner + inside;
    element last        = {0, NOBODY};
    for (int rank = 0; rank < s.k; ++rank) {
        element best = {0, NOBODY};
        for (int64_t i = lane; i < s.length; i += LANES) {
            const element here = {to_compute(x[first + i * s.inner]), int(i)};
            if (last.index == NOBODY || last.before(here)) best.merge(here);
        }
        best = warp_merge(best);
        last = {__shfl_sync(EVERY_LANE, best.value, 0), __shfl_sync(EVERY_LANE, best.index, 0)};
        if (lane != 0) continue;
        const int64_t to   = (int64_t(outer) * s.k + rank) * s.inner + inside,
                      from = first + int64_t(last.index) * s.inner;
        y[to]              = x[from];
        if (indices) indices[to] = last.index;
        if (positions) positions[to] = from;
    }
}

template <class T>
cudaError_t topk(const gli_topk_geom &g, const void *x, void *y, int64_t *indices, int64_t *positions,
                 cudaStream_t stream) {
    const topk_shape s = {g.outer * g.inner, g.length, g.inner, g.k};
    const int blocks   = blocks_for(s.lines, TOPK_THREADS / LANES);
    const T *from      = static_cast<const T *>(x);
    T *to              = static_cast<T *>(y);
    if (s.lines == 0) return cudaSuccess;
    return g.smallest
               ? GLI_LAUNCH((topk_kernel<T, true>), blocks, TOPK_THREADS, 0, stream, s, from, to, indices, positions)
               : GLI_LAUNCH((topk_kernel<T, false>), blocks, TOPK_THREADS, 0, stream, s, from, to, indices, positions);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_topk(const gli_topk_geom *geom, glia_dtype dtype, const void *x, void *y, int64_t *indices,
                            int64_t *positions, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::topk<T>(*geom, x, y, indices, positions, stream));
}
