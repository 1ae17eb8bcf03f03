/* Sums over groups of rows, without atomics. The positions are grouped by the row they name
 * (kernels/movement/sort_by_key.cuh). Then chunk_sums  adds each CHUNK neighbours of the grouped list that name one
 * row: rows with many repeats are cut into pieces that run side by side; where there are few repeats it reads two
 * numbers and is done; row_sums    finds the group of each row by bisection and adds its positions, whole chunks by
 * their sums. The order of each sum follows from the indices alone. */
#include "kernels/movement/gather_launch.h"
#include "kernels/movement/sort_by_key.cuh"
#include "kernels/device/move.cuh"

namespace glia {
namespace {

enum { THREADS = 256, CHUNK = 128 };

/* One thread adds N neighbours of a row; `pieces` of them make a row of `inner` elements. */
template <class T>
struct sums_geom {
    grouping groups;
    unsigned count, size, inner;
    unsigned chunks; /* full ones */
    divisor pieces, rows;
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
    __device__ void add(const sums_geom<T> &g, unsigned outer, unsigned begin, unsigned end, unsigned column) {
#pragma unroll 4
        for (unsigned p = begin; p < end; ++p) {
            const int64_t row      = int64_t(outer) * g.count + g.groups.positions[p];
            const pack<T, N> piece = *reinterpret_cast<const pack<T, N> *>(g.dy + row * g.inner + column);
            for (int n = 0; n < N; ++n) at[n] += widen(piece.at[n]);
        }
    }
    __device__ void add_chunks(const sums_geom<T> &g, unsigned outer, unsigned begin, unsigned end, unsigned column) {
        for (unsigned c = begin; c < end; ++c)
            for (int n = 0; n < N; ++n) at[n] += g.partial[(int64_t(outer) * g.chunks + c) * g.inner + column + n];
    }
};

template <class T, int N>
__global__ void __launch_bounds__(THREADS) chunk_sums(sums_geom<T> g, unsigned threads) {
    const unsigned thread = blockIdx.x * THREADS + threadIdx.x;
    if (thread >= threads) return;
    const unsigned row = g.pieces.quotient(thread), column = (thread - row * g.pieces.value) * N;
    const unsigned outer = g.rows.quotient(row), chunk = row - outer * g.rows.value;
    const unsigned begin = chunk * CHUNK, end = begin + CHUNK;
    if (g.groups.rows[begin] != g.groups.rows[end - 1]) return;
    row_sum<T, N> sum;
    sum.clear();
    sum.add(g, outer, begin, end, column);
    for (int n = 0; n < N; ++n) g.partial[int64_t(row) * g.inner + column + n] = sum.at[n];
}

/* The first of the grouped positions whose row is not below. */
__device__ inline unsigned first_of(const grouping &groups, unsigned count, unsigned row) {
    unsigned low = 0;
    while (count > 0) {
        const unsigned half = count / 2;
        if (groups.rows[low + half] < row) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

template <class T, int N>
__global__ void __launch_bounds__(THREADS) row_sums(sums_geom<T> g, unsigned threads) {
    const unsigned thread = blockIdx.x * THREADS + threadIdx.x;
    if (thread >= threads) return;
    const unsigned row = g.pieces.quotient(thread), column = (thread - row * g.pieces.value) * N;
    const unsigned outer = g.rows.quotient(row), own = row - outer * g.rows.value;
    const unsigned begin = first_of(g.groups, g.count, own), end = first_of(g.groups, g.count, own + 1);
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
    for (int n = 0; n < N; ++n) out.at[n] = narrow<T>(sum.at[n]);
    *reinterpret_cast<pack<T, N> *>(g.dx + int64_t(row) * g.inner + column) = out;
}

template <class T, int N>
cudaError_t add_groups(sums_geom<T> g, unsigned outer, cudaStream_t stream) {
    const unsigned pieces = g.inner / N;
    g.pieces              = divide_by(pieces);
    if (g.chunks > 0) {
        const unsigned threads = outer * g.chunks * pieces;
        g.rows                 = divide_by(g.chunks);
        const cudaError_t error =
            GLI_LAUNCH((chunk_sums<T, N>), blocks_for(threads, THREADS), THREADS, 0, stream, g, threads);
        if (error != cudaSuccess) return error;
    }
    const unsigned threads = outer * g.size * pieces;
    g.rows                 = divide_by(g.size);
    return GLI_LAUNCH((row_sums<T, N>), blocks_for(threads, THREADS), THREADS, 0, stream, g, threads);
}

size_t aligned(size_t bytes) { return (bytes + 255) / 256 * 256; }

template <class T>
cudaError_t gather_backward(const gli_gather_sums &s, const gli_row_indices &indices, void *workspace,
                            cudaStream_t stream) {
    sums_geom<T> g = {};
    g.count        = static_cast<unsigned>(indices.count);
    g.size         = static_cast<unsigned>(indices.size);
    g.inner        = static_cast<unsigned>(s.inner);
    g.chunks       = g.count / CHUNK;
    g.dy           = static_cast<const T *>(s.dy);
    g.dx           = static_cast<T *>(s.dx);
    g.partial =
        reinterpret_cast<compute<T> *>(static_cast<char *>(workspace) + aligned(group_workspace(indices.count)));
    if (indices.count > 0) {
        const cudaError_t error = group_rows(indices, s.padding, workspace, &g.groups, stream);
        if (error != cudaSuccess) return error;
    }
    const int wide       = vector<T>::width;
    const bool fits      = s.inner % wide == 0 && aligned16(s.dy) && aligned16(s.dx);
    const unsigned outer = static_cast<unsigned>(s.outer);
    return fits ? add_groups<T, wide>(g, outer, stream) : add_groups<T, 1>(g, outer, stream);
}

}  // namespace
}  // namespace glia

size_t gli_kernel_gather_backward_workspace(glia_dtype dtype, int outer, int inner, int count) {
    const size_t sums = static_cast<size_t>(outer) * (count / glia::CHUNK) * inner;
    return glia::aligned(glia::group_workspace(count)) + sums * (dtype == GLIA_F64 ? sizeof(double) : sizeof(float));
}

cudaError_t gli_kernel_gather_backward(const gli_gather_sums *sums, const gli_row_indices *indices, void *workspace,
                                       cudaStream_t stream) {
    return GLI_FOR_FLOAT(sums->dtype, T, glia::gather_backward<T>(*sums, *indices, workspace, stream));
}
