/* A thread takes a line where neighbouring lines lie side by side; otherwise a warp does, 32 elements at a time: their
 * sums in a tree, and what came before them. Sums are double: a line may be long. */
#include "kernels/reduce/cumsum_launch.h"

#include "kernels/device/block_reduce.cuh"

namespace glia {
namespace {

enum { CUMSUM_THREADS = 128 };

struct lines {
    int64_t count, length, inner;
    bool exclusive, reverse;

    __device__ int64_t first(int64_t line) const { return line / inner * length * inner + line % inner; }
    __device__ int64_t at(int64_t i) const { return (reverse ? length - 1 - i : i) * inner; }
};

template <class T>
__global__ void __launch_bounds__(CUMSUM_THREADS) cumsum_by_thread_kernel(lines s, const T *x, T *y) {
    const int64_t line = int64_t(blockIdx.x) * CUMSUM_THREADS + threadIdx.x;
    if (line >= s.count) return;
    const int64_t first = s.first(line);
    double sum          = 0;
    for (int64_t i = 0; i < s.length; ++i) {
        const int64_t at   = first + s.at(i);
        const double value = to_compute(x[at]), next = sum + value;
        y[at] = round_to<T>(compute<T>(s.exclusive ? sum : next));
        sum   = next;
    }
}

/* The sums of the lanes up to each. */
__device__ inline double warp_scan(double value) {
    const int lane = threadIdx.x % LANES;
    for (int distance = 1; distance < LANES; distance *= 2) {
        const double before = __shfl_up_sync(EVERY_LANE, value, distance);
        if (lane >= distance) value += before;
    }
    return value;
}

template <class T>
__global__ void __launch_bounds__(CUMSUM_THREADS) cumsum_by_warp_kernel(lines s, const T *x, T *y) {
    const int64_t line = int64_t(blockIdx.x) * (CUMSUM_THREADS / LANES) + threadIdx.x / LANES;
    const int lane     = threadIdx.x % LANES;
    if (line >= s.count) return;
    const int64_t first = s.first(line);
    double carry        = 0;
    for (int64_t begin = 0; begin < s.length; begin += LANES) {
        const int64_t i     = begin + lane;
        const bool here     = i < s.length;
        const double sum    = warp_scan(here ? double(to_compute(x[first + s.at(i)])) : 0);
        const double before = __shfl_up_sync(EVERY_LANE, sum, 1);
        const double result = carry + (s.exclusive ? (lane == 0 ? 0 : before) : sum);
        if (here) y[first + s.at(i)] = round_to<T>(compute<T>(result));
        carry += __shfl_sync(EVERY_LANE, sum, LANES - 1);
    }
}

template <class T>
cudaError_t cumsum(const gli_cumsum_geom &g, const void *in, void *out, cudaStream_t stream) {
    const lines s = {int64_t(g.outer) * g.inner, g.length, g.inner, g.exclusive, g.reverse};
    const T *x    = static_cast<const T *>(in);
    T *y          = static_cast<T *>(out);
    if (s.count == 0 || s.length == 0) return cudaSuccess;
    if (g.inner >= LANES || g.length <= 4)
        return GLI_LAUNCH((cumsum_by_thread_kernel<T>), blocks_for(s.count, CUMSUM_THREADS), CUMSUM_THREADS, 0, stream,
                          s, x, y);
    return GLI_LAUNCH((cumsum_by_warp_kernel<T>), blocks_for(s.count, CUMSUM_THREADS / LANES), CUMSUM_THREADS, 0,
                      stream, s, x, y);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_cumsum(const gli_cumsum_geom *geom, glia_dtype dtype, const void *x, void *y,
                              cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::cumsum<T>(*geom, x, y, stream));
}
