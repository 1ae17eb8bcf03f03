/* Segmented sums without atomics. The positions are sorted by the row their index names (sort_by_key.cuh); then
 *
 * chunk_sums   sums each CHUNK of the sorted positions that names one row, so that a row with many repeats is summed by
 *              many threads. Of a chunk with several rows a thread reads two numbers and returns.
 * row_sums     finds the positions of each row by bisection and sums them, whole chunks by their sums.
 *
 * The order of each sum follows from the indices alone. */
#include "kernels/movement/gather_launch.h"

#include "kernels/device/move.cuh"
#include "kernels/movement/sort_by_key.cuh"

namespace glia {
namespace {

enum { THREADS = 256, CHUNK = 128 };

/* A thread sums a pack of N columns; `packs` of them make a row of `inner` elements. */
template <class T>
struct sums_job {
    sorted_rows sorted;
    unsigned count, size, inner;
    unsigned chunks; /* full ones */
    divisor packs, rows;
    const T *dy;
    T *dx;
    compute<T> *partial; /* [outer, chunks, inner] */
};

template <class T, int N>
struct row_sum {
    compute<T> at[N];

    __device__ void clear() {
        for (int n = 0; n < N; ++n) at[n] = 0;
    }
    __device__ void add(const sums_job<T> &g, unsigned outer, unsigned begin, unsigned end, unsigned column) {
#pragma unroll 4
        for (unsigned p = begin; p < end; ++p) {
            const int64_t row       = int64_t(outer) * g.count + g.sorted.positions[p];
            const pack<T, N> values = *reinterpret_cast<const pack<T, N> *>(g.dy + row * g.inner + column);
            for (int n = 0; n < N; ++n) at[n] += to_compute(values.at[n]);
        }
    }
    /* In doubles: a row that millions of positions name has ten thousands of chunks. */
    __device__ void add_chunks(const sums_job<T> &g, unsigned outer, unsigned begin, unsigned end, unsigned column) {
        const compute<T> *first = g.partial + (int64_t(outer) * g.chunks + begin) * g.inner + column;
        double sum[N]           = {};
        for (unsigned c = begin; c < end; ++c, first += g.inner)
            for (int n = 0; n < N; ++n) sum[n] += first[n];
        for (int n = 0; n < N; ++n) at[n] = static_cast<compute<T>>(at[n] + sum[n]);
    }
};

template <class T, int N>
__global__ void __launch_bounds__(THREADS) chunk_sums(sums_job<T> g, unsigned threads) {
    const unsigned thread = blockIdx.x * THREADS + threadIdx.x;
    if (thread >= threads) return;
    const unsigned row = g.packs.quotient(thread), column = (thread - row * g.packs.value) * N;
    const unsigned outer = g.rows.quotient(row), chunk = row - outer * g.rows.value;
    const unsigned begin = chunk * CHUNK, end = begin + CHUNK;
    if (g.sorted.rows[begin] != g.sorted.rows[end - 1]) return;
    row_sum<T, N> sum;
    sum.clear();
    sum.add(g, outer, begin, end, column);
    for (int n = 0; n < N; ++n) g.partial[int64_t(row) * g.inner + column + n] = sum.at[n];
}

/* The first of the sorted positions whose row is not below `row`. */
__device__ inline unsigned lower_bound(const sorted_rows &sorted, unsigned count, unsigned row) {
    unsigned low = 0;
    while (count > 0) {
        const unsigned half = count / 2;
        if (sorted.rows[low + half] < row) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

template <class T, int N>
__global__ void __launch_bounds__(THREADS) row_sums(sums_job<T> g, unsigned threads) {
    const unsigned thread = blockIdx.x * THREADS + threadIdx.x;
    if (thread >= threads) return;
    const unsigned row = g.packs.quotient(thread), column = (thread - row * g.packs.value) * N;
    const unsigned outer = g.rows.quotient(row), own = row - outer * g.rows.value;
    const unsigned begin = lower_bound(g.sorted, g.count, own), end = lower_bound(g.sorted, g.count, own + 1);
    const unsigned first_chunk = (begin + CHUNK - 1) / CHUNK, last_chunk = end / CHUNK;
    const bool chunks = first_chunk < last_chunk;
    row_sum<T, N> sum;
    sum.clear();
    sum.add(g, outer, begin, chunks ? first_chunk * CHUNK : end, column);
    if (chunks) {
        sum.add_chunks(g, outer, first_chunk, last_chunk, column);
        sum.add(g, outer, last_chunk * CHUNK, end, column);
    }
    pack<T, N> out;
    for (int n = 0; n < N; ++n) out.at[n] = round_to<T>(sum.at[n]);
    *reinterpret_cast<pack<T, N> *>(g.dx + int64_t(row) * g.inner + column) = out;
}

template <class T, int N>
cudaError_t add_rows(sums_job<T> g, unsigned outer, cudaStream_t stream) {
    const unsigned packs = g.inner / N;
    g.packs              = divide_by(packs);
    if (g.chunks > 0) {
        const unsigned threads = outer * g.chunks * packs;
        g.rows                 = divide_by(g.chunks);
        const cudaError_t error =
            GLI_LAUNCH((chunk_sums<T, N>), blocks_for(threads, THREADS), THREADS, 0, stream, g, threads);
        if (error != cudaSuccess) return error;
    }
    const unsigned threads = outer * g.size * packs;
    g.rows                 = divide_by(g.size);
    return GLI_LAUNCH((row_sums<T, N>), blocks_for(threads, THREADS), THREADS, 0, stream, g, threads);
}

size_t aligned(size_t bytes) { return (bytes + 255) / 256 * 256; }

template <class T>
cudaError_t gather_backward(const gli_gather_geom &g, const gli_gather_backward_arrays &a, cudaStream_t stream) {
    const size_t sort_bytes = aligned(sort_workspace(g.count));
    sums_job<T> job         = {};
    job.count               = static_cast<unsigned>(g.count);
    job.size                = static_cast<unsigned>(g.size);
    job.inner               = static_cast<unsigned>(g.inner);
    job.chunks              = job.count / CHUNK;
    job.dy                  = static_cast<const T *>(a.dy);
    job.dx                  = static_cast<T *>(a.dx);
    job.partial             = reinterpret_cast<compute<T> *>(static_cast<char *>(a.workspace) + sort_bytes);
    if (g.count > 0) {
        const row_indices indices = {a.indices, a.slot, g.size};
        const cudaError_t error   = sort_by_row(indices, g.count, g.padding, a.workspace, &job.sorted, stream);
        if (error != cudaSuccess) return error;
    }
    const int wide       = vector<T>::width;
    const bool fits      = g.inner % wide == 0 && aligned16(a.dy) && aligned16(a.dx);
    const unsigned outer = static_cast<unsigned>(g.outer);
    return fits ? add_rows<T, wide>(job, outer, stream) : add_rows<T, 1>(job, outer, stream);
}

}  // namespace
}  // namespace glia

size_t gli_kernel_gather_backward_workspace(const gli_gather_geom *g, glia_dtype dtype) {
    const size_t sums = static_cast<size_t>(g->outer) * (g->count / glia::CHUNK) * g->inner;
    return glia::aligned(glia::sort_workspace(g->count)) + sums * (dtype == GLIA_F64 ? sizeof(double) : sizeof(float));
}

cudaError_t gli_kernel_gather_backward(const gli_gather_geom *geom, const gli_gather_backward_arrays *arrays,
                                       cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::gather_backward<T>(*geom, *arrays, stream));
}
