/* A radix sort from the least significant digit of 8 bits on. A pass has three kernels: a histogram of the digits of
 * each block's tile, a scan of the histograms over the blocks (left out where there is one block), and the scatter of
 * each element, whose rank counts all smaller digits, the same digit of earlier blocks, of earlier warps of its block,
 * and of earlier elements of its warp, which ballots count. */
#include "kernels/movement/sort_by_key.cuh"

#include "kernels/device/block_reduce.cuh"

namespace glia {
namespace {

enum {
    THREADS    = 256,
    WARPS      = THREADS / LANES,
    ITEMS      = 4,
    TILE       = THREADS * ITEMS,
    DIGIT_BITS = 8,
    DIGITS     = 1 << DIGIT_BITS
};

/* Where the elements of a pass come from: the indices themselves, or the pass before. */
struct from_indices {
    row_indices indices;
    int left_out;
    __device__ unsigned row(unsigned i) const {
        const int row = indices.row_at(i);
        return static_cast<unsigned>(row < 0 || row == left_out ? indices.size : row);
    }
    __device__ unsigned position(unsigned i) const { return i; }
};

struct from_pass {
    const unsigned *rows, *positions;
    __device__ unsigned row(unsigned i) const { return rows[i]; }
    __device__ unsigned position(unsigned i) const { return positions[i]; }
};

struct radix_pass {
    unsigned count, shift;
    unsigned *counts; /* [DIGITS][blocks], after the scan those of the blocks before each block */
    unsigned *totals; /* [DIGITS] */
    unsigned *rows, *positions;
    __device__ unsigned digit(unsigned row) const { return row >> shift & (DIGITS - 1); }
};

/* Elements of a tile in order: by warp, item, lane. */
__device__ inline unsigned element_of(unsigned item) {
    return blockIdx.x * TILE + (threadIdx.x / LANES * ITEMS + item) * LANES + threadIdx.x % LANES;
}

template <class Source>
__global__ void __launch_bounds__(THREADS) histogram_kernel(Source source, radix_pass pass) {
    __shared__ unsigned counts[DIGITS];
    counts[threadIdx.x] = 0;
    __syncthreads();
    for (unsigned item = 0; item < ITEMS; ++item) {
        const unsigned i = element_of(item);
        if (i < pass.count) atomicAdd(&counts[pass.digit(source.row(i))], 1u);
    }
    __syncthreads();
    pass.counts[threadIdx.x * gridDim.x + blockIdx.x] = counts[threadIdx.x];
}

/* The sum of the values of this lane and those below. */
__device__ inline unsigned inclusive_scan(unsigned value) {
    const unsigned lane = threadIdx.x % LANES;
    for (unsigned delta = 1; delta < LANES; delta *= 2) {
        const unsigned before = __shfl_up_sync(EVERY_LANE, value, delta);
        if (lane >= delta) value += before;
    }
    return value;
}

/* A warp for each digit. */
__global__ void __launch_bounds__(THREADS) scan_kernel(radix_pass pass, unsigned blocks) {
    const unsigned lane = threadIdx.x % LANES, digit = blockIdx.x * WARPS + threadIdx.x / LANES;
    unsigned *counts = pass.counts + digit * blocks;
    unsigned total   = 0;
    for (unsigned start = 0; start < blocks; start += LANES) {
        const unsigned block = start + lane, own = block < blocks ? counts[block] : 0;
        const unsigned sum = inclusive_scan(own);
        if (block < blocks) counts[block] = total + sum - own;
        total += __shfl_sync(EVERY_LANE, sum, LANES - 1);
    }
    if (lane == 0) pass.totals[digit] = total;
}

/* The number of elements with smaller digits than that of this thread. */
__device__ inline unsigned smaller_digits(unsigned total, unsigned *sums) {
    const unsigned up_to = inclusive_scan(total), warp = threadIdx.x / LANES;
    if (threadIdx.x % LANES == LANES - 1) sums[warp] = up_to;
    __syncthreads();
    unsigned before = up_to - total;
    for (unsigned w = 0; w < warp; ++w) before += sums[w];
    return before;
}

/* The number of elements of the warp's earlier items and lanes with this digit; counts: of the warp. */
__device__ inline unsigned rank_in_warp(bool valid, unsigned digit, unsigned *counts) {
    unsigned peers = __ballot_sync(EVERY_LANE, valid);
    for (unsigned bit = 0; bit < DIGIT_BITS; ++bit) {
        const unsigned set = __ballot_sync(EVERY_LANE, digit >> bit & 1);
        peers &= digit >> bit & 1 ? set : ~set;
    }
    const unsigned lower = __popc(peers & ((1u << threadIdx.x % LANES) - 1));
    const unsigned rank  = counts[digit] + lower;
    __syncwarp(EVERY_LANE);
    if (valid && lower == 0) counts[digit] += __popc(peers);
    __syncwarp(EVERY_LANE);
    return rank;
}

template <class Source>
__global__ void __launch_bounds__(THREADS) scatter_kernel(Source source, radix_pass pass) {
    __shared__ unsigned counts[WARPS][DIGITS], sums[WARPS];
    const unsigned warp = threadIdx.x / LANES, own = threadIdx.x; /* a thread for each digit */
    const bool alone = gridDim.x == 1;
    for (unsigned w = 0; w < WARPS; ++w) counts[w][own] = 0; /* all see it after the barrier in smaller_digits */
    unsigned first = smaller_digits(alone ? pass.counts[own] : pass.totals[own], sums);
    if (!alone) first += pass.counts[own * gridDim.x + blockIdx.x];
    unsigned row[ITEMS], rank[ITEMS];
    for (unsigned item = 0; item < ITEMS; ++item) {
        const unsigned i = element_of(item);
        row[item]        = i < pass.count ? source.row(i) : 0;
        rank[item]       = rank_in_warp(i < pass.count, pass.digit(row[item]), counts[warp]);
    }
    __syncthreads();
    for (unsigned w = 0; w < WARPS; ++w) {
        const unsigned in_warp = counts[w][own];
        counts[w][own]         = first;
        first += in_warp;
    }
    __syncthreads();
    for (unsigned item = 0; item < ITEMS; ++item) {
        const unsigned i = element_of(item);
        if (i >= pass.count) continue;
        const unsigned to  = counts[warp][pass.digit(row[item])] + rank[item];
        pass.rows[to]      = row[item];
        pass.positions[to] = source.position(i);
    }
}

template <class Source>
cudaError_t run_pass(const Source &source, const radix_pass &pass, cudaStream_t stream) {
    const unsigned blocks = (pass.count + TILE - 1) / TILE;
    cudaError_t error     = GLI_LAUNCH(histogram_kernel<Source>, blocks, THREADS, 0, stream, source, pass);
    if (error == cudaSuccess && blocks > 1)
        error = GLI_LAUNCH(scan_kernel, DIGITS / WARPS, THREADS, 0, stream, pass, blocks);
    if (error == cudaSuccess) error = GLI_LAUNCH(scatter_kernel<Source>, blocks, THREADS, 0, stream, source, pass);
    return error;
}

}  // namespace

size_t sort_workspace(int count) {
    const size_t elements = static_cast<size_t>(count), blocks = (elements + TILE - 1) / TILE;
    return (4 * elements + (blocks + 1) * DIGITS) * sizeof(unsigned);
}

cudaError_t sort_by_row(const row_indices &indices, int count, int left_out, void *workspace, sorted_rows *out,
                        cudaStream_t stream) {
    const unsigned elements = static_cast<unsigned>(count), blocks = (elements + TILE - 1) / TILE;
    unsigned *totals = static_cast<unsigned *>(workspace), *counts = totals + DIGITS;
    unsigned *arrays   = counts + blocks * DIGITS;
    radix_pass pass    = {elements, 0, counts, totals, arrays, arrays + elements};
    from_indices first = {indices, left_out};
    cudaError_t error  = run_pass(first, pass, stream);
    for (bool odd = true; error == cudaSuccess && pass.shift + DIGIT_BITS < 32; odd = !odd) {
        pass.shift += DIGIT_BITS;
        if (indices.size >> pass.shift == 0) break;
        const from_pass before = {pass.rows, pass.positions};
        pass.rows              = arrays + (odd ? 2 : 0) * static_cast<size_t>(elements);
        pass.positions         = pass.rows + elements;
        error                  = run_pass(before, pass, stream);
    }
    *out = {pass.rows, pass.positions};
    return error;
}

}  // namespace glia
