/* The sums of a softmax in one visit of a row: the maximum and, relative to it, the sum of the exponentials.
 * Source: Milakov, Gimelshein, "Online normalizer calculation for softmax". */
#ifndef GLI_KERNELS_DEVICE_SOFTMAX_SUMS_CUH
#define GLI_KERNELS_DEVICE_SOFTMAX_SUMS_CUH

#include <cfloat>

#include "kernels/device/block_reduce.cuh"

namespace glia {

/* exp(x) for a result of type T, where 16 bits do not show the last bits of a float. */
template <class T>
__device__ inline compute<T> exp_for(compute<T> x) {
    if constexpr (sizeof(T) == 2)
        return gli_fast_exp2(x * 1.44269504f);
    else
        return exp(x);
}

template <class C>
__device__ inline C lowest();
template <>
__device__ inline float lowest<float>() {
    return -FLT_MAX;
}
template <>
__device__ inline double lowest<double>() {
    return -DBL_MAX;
}

/* Of no numbers, and of -infinity alone, max is the lowest finite number and sum is 0; with NaN or infinity among the
 * numbers sum is NaN. */
template <class T>
struct softmax_sums {
    typedef compute<T> C;
    C max, sum; /* sum: of exp(x - max) */

    __device__ static softmax_sums none() { return {lowest<C>(), 0}; }
    template <int N>
    __device__ void add(const C (&x)[N]) {
        C top = max;
        for (int k = 0; k < N; ++k) top = maximum()(top, x[k]);
        if (top > max) sum *= exp_for<T>(max - top), max = top;
        for (int k = 0; k < N; ++k) sum += exp_for<T>(x[k] - max);
    }
    __device__ void add(C x) {
        const bool larger = x > max;
        const C e         = exp_for<T>(larger ? max - x : x - max);
        sum               = larger ? sum * e + (1 + (x - x)) : sum + e; /* x - x: NaN of infinity */
        max               = larger ? x : max;
    }
    __device__ void merge(const softmax_sums &other) {
        const bool larger = other.max > max;
        const C e         = exp_for<T>(larger ? max - other.max : other.max - max);
        sum               = larger ? sum * e + other.sum : sum + other.sum * e;
        max               = larger ? other.max : max;
    }
    /* Of all threads of a team. */
    template <class Team, class Memory>
    __device__ void merge(Team &team, Memory &shared) {
        const C of_all = team.all(maximum(), max, shared);
        sum            = team.all(plus(), sum * exp_for<T>(max - of_all), shared);
        max            = of_all;
    }
};

}  // namespace glia

#endif
