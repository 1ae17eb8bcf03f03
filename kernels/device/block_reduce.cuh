/* Merges over the threads of a warp or of a block, in trees that depend on nothing but the number of threads, so that a
 * sum has the same bits on every run.
 *
 * A state S is a plain struct with
 *     void merge(const S &other)           this and other, in this order
 *     S down(int distance, int lanes) const   the state of the lane so far above, among so many */
#ifndef GLI_KERNELS_DEVICE_BLOCK_REDUCE_CUH
#define GLI_KERNELS_DEVICE_BLOCK_REDUCE_CUH

#include "kernels/device/types.cuh"

namespace glia {

enum { LANES = 32 };
constexpr unsigned EVERY_LANE = 0xffffffffu;

/* Of each run of `lanes` lanes, a power of two, the first gets the result. Every lane of the warp calls it. */
template <class S>
__device__ inline S warp_merge(S state, int lanes = LANES) {
    for (int distance = lanes / 2; distance > 0; distance /= 2) state.merge(state.down(distance, lanes));
    return state;
}

/* The result in every thread of a block of full warps, at most WARPS. `shared` serves once in a kernel. */
template <int WARPS, class S>
__device__ inline S block_merge(S state, S (&shared)[WARPS]) {
    state = warp_merge(state);
    if (threadIdx.x % LANES == 0) shared[threadIdx.x / LANES] = state;
    __syncthreads();
    S all = shared[0];
    for (unsigned w = 1; w < blockDim.x / LANES; ++w) all.merge(shared[w]);
    return all;
}

struct plus {
    template <class C>
    __device__ C operator()(C a, C b) const {
        return a + b;
    }
};

/* The larger one, or the one that is no NaN. */
struct maximum {
    template <class C>
    __device__ C operator()(C a, C b) const {
        return fmax(a, b);
    }
};

/* f, which commutes, over each run of `lanes` lanes, a power of two; every lane gets the same bits. */
template <class F, class C>
__device__ inline C warp_all_reduce(F f, C value, int lanes) {
    for (int distance = lanes / 2; distance > 0; distance /= 2)
        value = f(value, __shfl_xor_sync(EVERY_LANE, value, distance));
    return value;
}

/* The same, and with WHOLE_BLOCK over all threads of a block of full warps, a power of two and at most WARPS. */
template <bool WHOLE_BLOCK, int WARPS, class F, class C>
__device__ inline C team_all_reduce(F f, C value, int lanes, C (&shared)[WARPS]) {
    value = warp_all_reduce(f, value, lanes);
    if (!WHOLE_BLOCK) return value;
    const int warps = blockDim.x / LANES;
    __syncthreads(); /* `shared` may still be read for the call before */
    if (threadIdx.x % LANES == 0) shared[threadIdx.x / LANES] = value;
    __syncthreads();
    return warp_all_reduce(f, shared[threadIdx.x & (warps - 1)], warps);
}

/* A block of THREADS threads as rows of `across`, a power of two: of each column of threads the first row gets the
 * result, for each of the W states of a thread, and may be read by all. */
template <int W, int THREADS, class S>
__device__ inline void merge_columns(S (&shared)[W][THREADS], int across) {
    for (int half = THREADS / across / 2; half > 0; half /= 2) {
        __syncthreads();
        if (int(threadIdx.x) < half * across)
            for (int k = 0; k < W; ++k) shared[k][threadIdx.x].merge(shared[k][threadIdx.x + half * across]);
    }
    __syncthreads();
}

/* N sums. */
template <class C, int N>
struct sums {
    C at[N];
    __device__ void merge(const sums &other) {
        for (int n = 0; n < N; ++n) at[n] += other.at[n];
    }
    __device__ sums down(int distance, int lanes) const {
        sums s;
        for (int n = 0; n < N; ++n) s.at[n] = __shfl_down_sync(EVERY_LANE, at[n], distance, lanes);
        return s;
    }
};

/* Mean and squared deviations of `count` elements.
 * Source: Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances". */
template <class C>
struct moments {
    C count, mean, squares; /* squares: the sum of (x - mean)^2 */
    __device__ void merge(const moments &other) {
        if (other.count == 0) return;
        if (count == 0) {
            *this = other;
            return;
        }
        const C total = count + other.count, share = other.count / total, delta = other.mean - mean;
        mean += delta * share;
        squares += other.squares + delta * delta * count * share;
        count = total;
    }
    __device__ moments down(int distance, int lanes) const {
        return {__shfl_down_sync(EVERY_LANE, count, distance, lanes),
                __shfl_down_sync(EVERY_LANE, mean, distance, lanes),
                __shfl_down_sync(EVERY_LANE, squares, distance, lanes)};
    }
    /* One element; the caller knows 1 / (count + 1). */
    __device__ void add(C x, C share) {
        const C delta = x - mean;
        count += 1;
        mean += delta * share;
        squares += delta * (x - mean);
    }
};

/* Of the first n of N values, n > 0. */
template <int N, class C>
__device__ inline moments<C> moments_of(const C (&x)[N], int n) {
    C sum = 0, squares = 0;
    for (int i = 0; i < N; ++i) sum += i < n ? x[i] : C(0);
    const C mean = sum / C(n);
    for (int i = 0; i < N; ++i) squares += i < n ? (x[i] - mean) * (x[i] - mean) : C(0);
    return {C(n), mean, squares};
}

}  // namespace glia

#endif
