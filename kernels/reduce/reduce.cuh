/* The kernels of a reduction, by rows and by columns; reduce.cu says what they are for. */
#ifndef GLI_KERNELS_REDUCE_REDUCE_CUH
#define GLI_KERNELS_REDUCE_REDUCE_CUH

#include <type_traits>

#include "kernels/device/offset_calculator.cuh"
#include "kernels/device/pack.cuh"
#include "kernels/device/wide_sums.cuh"

namespace glia {

enum { THREADS = 256, WARPS = THREADS / LANES };
enum { AT_ONCE = 4 };

/* What becomes of the elements of a set. TIES: how many are equal to the y of their set. */
enum reduction { SUM, SUM_OF_MAGNITUDES, SUM_OF_SQUARES, TIES, LARGEST, SMALLEST };

/* The states of a set, as block_reduce.cuh has them, with
 *     void take<HOW>(C x, C y)    an element; y: what ties are equal to
 *     C result(wide_number<T> over) const    what becomes of the whole set, of which a mean has `over` elements
 *     void with(reduction how, F f)    f(known<HOW>()), compiled for each reduction that has this state
 *
 * The value stands first: nvcc 13.0 takes {how, double} for a copy of the first bytes of a job, and drops it. */
template <reduction HOW>
using known = std::integral_constant<reduction, HOW>;

/* Extremes and ties; NaN wins. */
template <class T>
struct extreme {
    typedef compute<T> C;
    C value;
    reduction how;

    static __host__ __device__ extreme none(reduction how) {
        return {how == LARGEST ? -C(INFINITY) : how == SMALLEST ? C(INFINITY) : C(0), how};
    }
    template <reduction HOW>
    __device__ void take(C x, C y) {
        if (HOW == TIES) value += x == y ? C(1) : C(0);
        if (HOW == LARGEST) value = x > value || isnan(x) ? x : value;
        if (HOW == SMALLEST) value = x < value || isnan(x) ? x : value;
    }
    __device__ void merge(const extreme &other) {
        switch (how) {
            case TIES: value += other.value; break;
            case LARGEST: take<LARGEST>(other.value, 0); break;
            default: take<SMALLEST>(other.value, 0);
        }
    }
    __device__ extreme down(int distance, int lanes) const {
        return {__shfl_down_sync(EVERY_LANE, value, distance, lanes), how};
    }
    __device__ C result(wide_number<T>) const { return value; }
    template <class F>
    static __device__ void with(reduction how, F f) {
        switch (how) {
            case TIES: return f(known<TIES>());
            case LARGEST: return f(known<LARGEST>());
            default: return f(known<SMALLEST>());
        }
    }
};

template <class T>
struct total {
    typedef compute<T> C;
    wide_sum<T> value;

    static __host__ __device__ total none(reduction) { return {}; }
    template <reduction HOW>
    __device__ void take(C x, C) {
        value.add(HOW == SUM ? x : fabs(x));
    }
    __device__ void merge(const total &other) { value.merge(other.value); }
    __device__ total down(int distance, int lanes) const { return {{value.down(distance, lanes)}}; }
    __device__ C result(wide_number<T> over) const { return C(value.over(over)); }
    template <class F>
    static __device__ void with(reduction how, F f) {
        return how == SUM ? f(known<SUM>()) : f(known<SUM_OF_MAGNITUDES>());
    }
};

template <class T>
struct norm {
    typedef compute<T> C;
    wide_squares<T> value;

    static __host__ __device__ norm none(reduction) { return {}; }
    template <reduction>
    __device__ void take(C x, C) {
        value.add(x);
    }
    __device__ void merge(const norm &other) { value.merge(other.value); }
    __device__ norm down(int distance, int lanes) const { return {{value.down(distance, lanes)}}; }
    __device__ C result(wide_number<T>) const { return C(value.root()); }
    template <class F>
    static __device__ void with(reduction, F f) {
        return f(known<SUM_OF_SQUARES>());
    }
};

/* W neighbours. */
template <class T, int W>
using packed_or_one = std::conditional_t<W == 1, T, packed<T>>;

/* What a state becomes in y: an element of T, or the number of ties as it is. */
template <class T, class Y>
struct ending {
    wide_number<T> over; /* elements that a mean is of */
    template <class S>
    __device__ Y operator()(const S &state) const {
        if constexpr (std::is_same<Y, T>::value)
            return round_to<T>(state.result(over));
        else
            return state.result(over);
    }
};

/* One launch. Slice s of the set goes to parts[s outputs ...], if there are several. S: the state. */
template <class T, class Y, class S>
struct job {
    reduction how;
    offset_calculator kept, reduced;
    unsigned outputs, set, slice; /* slice: elements of a set for each blockIdx.y */
    bool wide;
    const T *x, *match; /* match: y of the sets, for ties */
    ending<T, Y> end;
    Y *y;
    S *parts; /* NULL: y is written */

    __device__ void put(unsigned output, const S &state) const {
        if (parts)
            parts[int64_t(blockIdx.y) * outputs + output] = state;
        else
            y[output] = end(state);
    }
    __device__ compute<T> match_of(unsigned output) const { return match ? to_compute(match[output]) : compute<T>(0); }
};

/* all with `count` steps of W elements each: element w to all[w], or where FOLD, to all[0]. */
template <reduction HOW, int W, bool FOLD, class T, class S>
__device__ inline void merge_steps(const packed_or_one<T, W> (&in)[AT_ONCE], int count, const compute<T> *match,
                                   S *all) {
#pragma unroll
    for (int k = 0; k < AT_ONCE; ++k) {
        compute<T> values[W];
        if constexpr (W == 1)
            values[0] = to_compute(in[k]);
        else
            unpack(in[k], values);
        for (int w = 0; k < count && w < W; ++w) all[FOLD ? 0 : w].template take<HOW>(values[w], match[FOLD ? 0 : w]);
    }
}

/* Reduces W neighbours from each of the elements begin, begin + step, ... below end. AT_ONCE loads are issued before
 * the first of them is used, and one switch on the kind of the reduction serves all of them. */
template <int W, bool FOLD, class T, class Y, class S>
__device__ inline void scan(const job<T, Y, S> &j, const T *x, unsigned begin, unsigned end, unsigned step,
                            const compute<T> *match, S *all) {
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
        S::with(j.how, [&](auto how) { merge_steps<decltype(how)::value, W, FOLD, T>(in, count, match, all); });
    }
}

/* A block has 256 / team outputs; team: a power of two. */
template <class T, class Y, class S>
__global__ void __launch_bounds__(THREADS) reduce_rows(job<T, Y, S> j, unsigned team) {
    constexpr int width = vector<T>::width;
    __shared__ S shared[WARPS];
    const unsigned lane = threadIdx.x & (team - 1), output = blockIdx.x * (THREADS / team) + threadIdx.x / team;
    const bool active    = output < j.outputs;
    const unsigned begin = blockIdx.y * j.slice, end = active ? min(begin + j.slice, j.set) : 0;
    const T *x             = j.x + (active ? j.kept.offset(output) : 0);
    const compute<T> match = active ? j.match_of(output) : compute<T>(0);
    S state                = S::none(j.how);
    if (j.wide)
        scan<width, true>(j, x, begin + lane * width, end, team * width, &match, &state);
    else
        scan<1, true>(j, x, begin + lane, end, team, &match, &state);
    state = team > LANES ? block_merge(state, shared) : warp_merge(state, team);
    if (active && lane == 0) j.put(output, state);
}

/* A block has `across` packs of W outputs, and 256 / across threads for each. */
template <int W, class T, class Y, class S>
__device__ inline void reduce_packs(const job<T, Y, S> &j, int across, S (&shared)[vector<T>::width][THREADS]) {
    const int column = threadIdx.x % across, down = THREADS / across;
    const unsigned first = (blockIdx.x * across + column) * W;
    const bool active    = first < j.outputs;
    const unsigned begin = blockIdx.y * j.slice, end = active ? min(begin + j.slice, j.set) : 0;
    const T *x = j.x + (active ? j.kept.offset(first) : 0);
    S all[W];
    compute<T> match[W];
    for (int k = 0; k < W; ++k) {
        all[k]   = S::none(j.how);
        match[k] = active ? j.match_of(first + k) : compute<T>(0);
    }
    scan<W, false>(j, x, begin + threadIdx.x / across, end, down, match, all);
    for (int k = 0; k < W; ++k) shared[k][threadIdx.x] = all[k];
    for (int half = down / 2; half > 0; half /= 2) {
        __syncthreads();
        if (int(threadIdx.x) < half * across)
            for (int k = 0; k < W; ++k) shared[k][threadIdx.x].merge(shared[k][threadIdx.x + half * across]);
    }
    if (!active || threadIdx.x >= unsigned(across)) return;
    for (int k = 0; k < W; ++k) j.put(first + k, shared[k][threadIdx.x]);
}

template <class T, class Y, class S>
__global__ void __launch_bounds__(THREADS) reduce_columns(job<T, Y, S> j, int across) {
    __shared__ S shared[vector<T>::width][THREADS];
    if (j.wide)
        reduce_packs<vector<T>::width>(j, across, shared);
    else
        reduce_packs<1>(j, across, shared);
}

}  // namespace glia

#endif
