/* The kernels of a reduction, by rows and by columns; reduce.cu says what they are for. */
#ifndef GLI_KERNELS_REDUCE_REDUCE_CUH
#define GLI_KERNELS_REDUCE_REDUCE_CUH

#include <type_traits>

#include "kernels/device/block_reduce.cuh"
#include "kernels/device/offset_calculator.cuh"
#include "kernels/device/pack.cuh"

namespace glia {

enum { THREADS = 256, WARPS = THREADS / LANES };
enum { AT_ONCE = 4 };

/* What becomes of the elements of a set. TIES: how many are equal to the y of their set. */
enum reduction { SUM, SUM_OF_MAGNITUDES, SUM_OF_SQUARES, TIES, LARGEST, SMALLEST };
enum finish { AS_IS, DIVIDE, ROOT };

template <class C>
__device__ inline C first_of(reduction how) {
    return how == LARGEST ? -C(INFINITY) : how == SMALLEST ? C(INFINITY) : C(0);
}

/* all with x; NaN wins. */
template <class C>
__device__ inline C merged(reduction how, C all, C x, C y = 0) {
    switch (how) {
        case SUM: return all + x;
        case SUM_OF_MAGNITUDES: return all + fabs(x);
        case SUM_OF_SQUARES: return all + x * x;
        case TIES: return all + (x == y ? C(1) : C(0));
        case LARGEST: return x > all || isnan(x) ? x : all;
        case SMALLEST: return x < all || isnan(x) ? x : all;
    }
    return all;
}

/* Of what two parts of a set were reduced to. */
template <class C>
__device__ inline C merged_parts(reduction how, C a, C b) {
    return how == LARGEST ? merged(LARGEST, a, b) : how == SMALLEST ? merged(SMALLEST, a, b) : a + b;
}

template <class C>
__device__ inline C finished(finish end, C total, C set) {
    return end == DIVIDE ? total / set : end == ROOT ? sqrt(total) : total;
}

/* The value stands first: nvcc 13.0 takes {how, double} for a copy of the first bytes of a job, and drops the sum. */
template <class C>
struct partial {
    C value;
    reduction how;
    __device__ void merge(const partial &other) { value = merged_parts(how, value, other.value); }
    __device__ partial down(int distance, int lanes) const {
        return {__shfl_down_sync(EVERY_LANE, value, distance, lanes), how};
    }
};

/* W neighbours. */
template <class T, int W>
using packed_or_one = std::conditional_t<W == 1, T, packed<T>>;

/* One launch. Slice s of the set goes to parts[s outputs ...]; the last launch of a reduction finishes, into y. A: what
 * is added up. */
template <class T, class Y, class A>
struct job {
    reduction how;
    finish end;
    offset_calculator kept, reduced;
    unsigned outputs, set, slice; /* slice: elements of a set for each blockIdx.y */
    A divisor;                    /* elements that the mean is of */
    bool wide;
    const T *x, *match; /* match: y of the sets, for ties */
    Y *y;
    A *parts; /* NULL: y is written */

    __device__ void put(unsigned output, A total) const {
        if (parts)
            parts[int64_t(blockIdx.y) * outputs + output] = total;
        else
            y[output] = round_to<Y>(finished(end, total, divisor));
    }
};

/* all with `count` steps of W elements each: element w to all[w], or where FOLD, to all[0]. */
template <reduction HOW, int W, bool FOLD, class T, class A>
__device__ inline void merge_steps(const packed_or_one<T, W> (&in)[AT_ONCE], int count, const A *match, A *all) {
#pragma unroll
    for (int k = 0; k < AT_ONCE; ++k) {
        compute<T> values[W];
        if (k >= count) return;
        if constexpr (W == 1)
            values[0] = to_compute(in[k]);
        else
            unpack(in[k], values);
        for (int w = 0; w < W; ++w) {
            const int to = FOLD ? 0 : w;
            all[to]      = merged(HOW, all[to], A(values[w]), match[to]);
        }
    }
}

/* Reduces W neighbours from each of the elements begin, begin + step, ... below end. AT_ONCE loads are issued before
 * the first of them is used, and one switch on the kind of the reduction serves all of them. */
template <int W, bool FOLD, class T, class Y, class A>
__device__ inline void scan(const job<T, Y, A> &j, const T *x, unsigned begin, unsigned end, unsigned step,
                            const A *match, A *all) {
    typedef packed_or_one<T, W> pack;
#pragma unroll 1
    for (unsigned i = begin; i < end; i += AT_ONCE * step) {
        int count = 1;
        const T *at[AT_ONCE];
        pack in[AT_ONCE];
#pragma unroll
        for (int k = 0; k < AT_ONCE; ++k) {
            const bool inside = i + k * step < end;
            count             = inside ? k + 1 : count;
            at[k]             = x + j.reduced.offset(inside ? i + k * step : i);
        }
#pragma unroll
        for (int k = 0; k < AT_ONCE; ++k) in[k] = *reinterpret_cast<const pack *>(at[k]);
        switch (j.how) {
            case SUM: merge_steps<SUM, W, FOLD, T>(in, count, match, all); break;
            case SUM_OF_MAGNITUDES: merge_steps<SUM_OF_MAGNITUDES, W, FOLD, T>(in, count, match, all); break;
            case SUM_OF_SQUARES: merge_steps<SUM_OF_SQUARES, W, FOLD, T>(in, count, match, all); break;
            case TIES: merge_steps<TIES, W, FOLD, T>(in, count, match, all); break;
            case LARGEST: merge_steps<LARGEST, W, FOLD, T>(in, count, match, all); break;
            case SMALLEST: merge_steps<SMALLEST, W, FOLD, T>(in, count, match, all); break;
        }
    }
}

/* A block has 256 / team outputs. */
template <class T, class Y, class A>
__global__ void __launch_bounds__(THREADS) reduce_rows(job<T, Y, A> j, int team) {
    constexpr int width = vector<T>::width;
    __shared__ partial<A> shared[WARPS];
    const unsigned lane = threadIdx.x % team, output = blockIdx.x * (THREADS / team) + threadIdx.x / team;
    const bool active    = output < j.outputs;
    const unsigned begin = blockIdx.y * j.slice, end = active ? min(begin + j.slice, j.set) : 0;
    const T *x    = j.x + (active ? j.kept.offset(output) : 0);
    const A match = active && j.match ? A(to_compute(j.match[output])) : A(0);
    A value       = first_of<A>(j.how);
    if (j.wide)
        scan<width, true>(j, x, begin + lane * width, end, team * width, &match, &value);
    else
        scan<1, true>(j, x, begin + lane, end, team, &match, &value);
    const partial<A> part = {value, j.how};
    const partial<A> all  = team > LANES ? block_merge(part, shared) : warp_merge(part, team);
    if (active && lane == 0) j.put(output, all.value);
}

/* A block has `across` packs of W outputs, and 256 / across threads for each. */
template <int W, class T, class Y, class A>
__device__ inline void reduce_packs(const job<T, Y, A> &j, int across, A (&shared)[THREADS][vector<T>::width]) {
    const int column = threadIdx.x % across, down = THREADS / across;
    const unsigned first = (blockIdx.x * across + column) * W;
    const bool active    = first < j.outputs;
    const unsigned begin = blockIdx.y * j.slice, end = active ? min(begin + j.slice, j.set) : 0;
    const T *x = j.x + (active ? j.kept.offset(first) : 0);
    A all[W], match[W];
    for (int k = 0; k < W; ++k) {
        all[k]   = first_of<A>(j.how);
        match[k] = active && j.match ? A(to_compute(j.match[first + k])) : A(0);
    }
    scan<W, false>(j, x, begin + threadIdx.x / across, end, down, match, all);
    for (int k = 0; k < W; ++k) shared[threadIdx.x][k] = all[k];
    for (int half = down / 2; half > 0; half /= 2) {
        __syncthreads();
        if (int(threadIdx.x) < half * across)
            for (int k = 0; k < W; ++k)
                shared[threadIdx.x][k] =
                    merged_parts(j.how, shared[threadIdx.x][k], shared[threadIdx.x + half * across][k]);
    }
    if (!active || threadIdx.x >= unsigned(across)) return;
    for (int k = 0; k < W; ++k) j.put(first + k, shared[threadIdx.x][k]);
}

template <class T, class Y, class A>
__global__ void __launch_bounds__(THREADS) reduce_columns(job<T, Y, A> j, int across) {
    __shared__ A shared[THREADS][vector<T>::width];
    if (j.wide)
        reduce_packs<vector<T>::width>(j, across, shared);
    else
        reduce_packs<1>(j, across, shared);
}

}  // namespace glia

#endif
