/* Split-k: where k is long and the result small, blocks sum different ranges of k into partial results in the
 * workspace. The last block of a tile to be done, or of many splits a second kernel, reduces the partials, both in one
 * order. */
#ifndef GLI_KERNELS_GEMM_SPLIT_K_CUH
#define GLI_KERNELS_GEMM_SPLIT_K_CUH

#include "kernels/device/types.cuh"
#include "kernels/gemm/gemm_run.h"

namespace glia {

/* Of a batch of GEMMs; m, n and k are the largest. */
struct gemm_size {
    int batch, m, n, k;
    bool row_sums; /* one column more */
};

/* At least one where the row sums, which the first tile of a row computes, are all there is to do. */
inline int column_tiles_of(const gemm_size &s, int columns) {
    return s.n == 0 && s.row_sums ? 1 : blocks_for(s.n, columns);
}

struct split_k {
    int splits, depth; /* depth: of each, in k */
};

/* As many splits as turn `blocks` into some hundred, none shorter than MIN_DEPTH. It reads sizes only, never the GPU:
 * the order of summation is part of the result. */
inline split_k split_k_for(int k, int64_t blocks) {
    enum { MIN_DEPTH = 256, ENOUGH_BLOCKS = 512, MAX_SPLITS = 256, MULTIPLE = 32 };
    if (k < 2 * MIN_DEPTH || blocks == 0 || blocks > ENOUGH_BLOCKS / 2) return {1, k};
    const int64_t max_splits = blocks > ENOUGH_BLOCKS / MAX_SPLITS ? ENOUGH_BLOCKS / blocks : int64_t(MAX_SPLITS);
    const int splits         = static_cast<int>(k / MIN_DEPTH < max_splits ? k / MIN_DEPTH : max_splits);
    const int depth          = blocks_for(blocks_for(k, splits), MULTIPLE) * MULTIPLE;
    return {blocks_for(k, depth), depth};
}

/* For a GEMM in tiles, of which the smallest are 32 x 32. */
inline split_k split_k_for(const gemm_size &s) {
    return split_k_for(s.k, int64_t(blocks_for(s.m, 32)) * column_tiles_of(s, 32) * s.batch);
}

/* Partial results [split][batch][m][columns], where column n has the row sums of a if they are requested. */
template <class C>
struct split_k_partials {
    C *data; /* NULL: there is one split */
    int batch, rows, columns;
    unsigned *arrivals; /* a counter for each tile; NULL: a second kernel reduces the partials */

    __device__ C *of(int split, int i) const { return data + (size_t(split) * batch + i) * (size_t(rows) * columns); }
};

inline size_t partial_count(const gemm_size &s, const split_k &split) {
    return split.splits > 1 ? size_t(split.splits) * s.batch * s.m * (s.n + s.row_sums) : 0;
}

template <class C>
split_k_partials<C> partials_of(const gemm_size &s, const split_k &split, void *workspace) {
    return {split.splits > 1 ? static_cast<C *>(workspace) : nullptr, s.batch, s.m, s.n + s.row_sums, nullptr};
}

enum { REDUCE_OUTPUTS = 32, REDUCE_LANES = 8 };

/* sum_of_splits of up to REDUCE_LANES splits by one thread, with the same bits. A block that merges a tile of more of
 * them would take longer than a launch. */
template <class C>
__device__ inline C sum_of_few_splits(const C *first, size_t pitch, int splits) {
    C lanes[REDUCE_LANES];
#pragma unroll
    for (int s = 0; s < REDUCE_LANES; ++s) lanes[s] = s < splits ? C(0) + first[s * pitch] : C(0);
#pragma unroll
    for (int half = REDUCE_LANES / 2; half > 0; half /= 2)
#pragma unroll
        for (int s = 0; s < half; ++s) lanes[s] += lanes[s + half];
    return lanes[0];
}

/* Each lane sums every REDUCE_LANES-th split, then a tree sums the lanes; lane 0 gets the result. */
template <class C>
__device__ inline C sum_of_splits(const C *first, size_t pitch, int splits, bool in_bounds) {
    __shared__ C lanes[REDUCE_LANES][REDUCE_OUTPUTS];
    const int output = int(threadIdx.x) % REDUCE_OUTPUTS, lane = int(threadIdx.x) / REDUCE_OUTPUTS;
    C sum = 0;
    for (int s = lane; in_bounds && s < splits; s += REDUCE_LANES) sum += first[s * pitch];
    lanes[lane][output] = sum;
    for (int half = REDUCE_LANES / 2; half > 0; half /= 2) {
        __syncthreads();
        if (lane < half) lanes[lane][output] += lanes[lane + half][output];
    }
    return lanes[lane][output];
}

template <class T, class Batch>
__global__ void __launch_bounds__(REDUCE_OUTPUTS *REDUCE_LANES)
    reduce_splits_kernel(Batch batch, int splits, split_k_partials<compute<T>> partials) {
    typedef compute<T> C;
    const int64_t plane = int64_t(partials.rows) * partials.columns, all = plane * partials.batch;
    const int64_t i = int64_t(blockIdx.x) * REDUCE_OUTPUTS + threadIdx.x % REDUCE_OUTPUTS;
    const int index = int(i / plane), m = int(i % plane / partials.columns), n = int(i % partials.columns);
    const auto p         = batch.problem(i < all ? index : 0);
    const bool in_bounds = i < all && m < p.m; /* a GEMM may be smaller than the largest of its batch */
    const C sum          = sum_of_splits(partials.data + i, size_t(all), splits, in_bounds);
    if (!in_bounds || threadIdx.x >= REDUCE_OUTPUTS) return;
    if (n < p.n)
        p.y.store(m, n, sum);
    else
        p.y.store_row_sum(m, sum);
}

template <class T, class Batch>
cudaError_t reduce_splits(const Batch &batch, const gemm_size &s, const split_k &split,
                          const split_k_partials<compute<T>> &partials, cudaStream_t stream) {
    const int64_t outputs = int64_t(s.batch) * s.m * (s.n + s.row_sums);
    return GLI_LAUNCH((reduce_splits_kernel<T, Batch>), blocks_for(outputs, REDUCE_OUTPUTS),
                      REDUCE_OUTPUTS * REDUCE_LANES, 0, stream, batch, split.splits, partials);
}

}  // namespace glia

#endif
