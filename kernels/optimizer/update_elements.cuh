/* A step of an optimizer for the elements of one thread. An optimizer is a rule, which says what a step does to one
 * element. */
#ifndef GLI_KERNELS_OPTIMIZER_UPDATE_ELEMENTS_CUH
#define GLI_KERNELS_OPTIMIZER_UPDATE_ELEMENTS_CUH

#include "kernels/device/convert.cuh"
#include "kernels/device/map.cuh"
#include "kernels/device/pack.cuh"
#include "kernels/optimizer/update_launch.h"

namespace glia {

/* The base of all rules. A rule has
 *     void step(const C (&in)[IN], C (&out)[OUT]) const     one element; in: param, grad, states; out: new param,
 * states and, where it needs more of device memory than the rate, a load() of its own. */
template <class C>
struct update_rule {
    C l1, weight_decay;
    const float *rate_address;
    const int64_t *skip_address; /* may be NULL */
    C rate;
    bool skip;

    /* Once in each thread, before its elements. */
    __device__ void load() {
        rate = *rate_address;
        skip = skip_address && *skip_address != 0;
    }

    /* grad with the gradients of the penalties l1 |param| + weight_decay param^2 / 2. */
    __device__ C penalized(C grad, C param, bool without_l2 = false) const {
        const C sign = C(param > 0) - C(param < 0);
        return grad + (without_l2 ? C(0) : weight_decay * param) + l1 * sign;
    }
};

template <class C>
update_rule<C> update_rule_of(double l1, double weight_decay, const gli_update_arrays &arrays) {
    return {C(l1), C(weight_decay), arrays.rate, arrays.skip, 0, false};
}

/* The neighbours of one thread in bf16 or f16. */
template <class H, int W>
struct alignas(sizeof(H) * W) half_pack {
    H at[W];
};

__device__ inline void to_half(float x, bf16 *y) { *y = __float2bfloat16_rn(x); }
__device__ inline void to_half(float x, f16 *y) { *y = __float2half_rn(x); }
__device__ inline void to_half(double x, bf16 *y) { *y = converted<bf16>(x); }
__device__ inline void to_half(double x, f16 *y) { *y = converted<f16>(x); }

template <class H, class C, int W>
__device__ inline void store_halves(void *data, int64_t begin, int n, bool wide, const C (&x)[W]) {
    H *const y = static_cast<H *>(data) + begin;
    half_pack<H, W> pack;
    for (int k = 0; k < W; ++k) to_half(x[k], &pack.at[k]);
    if (wide && n >= W) {
        *reinterpret_cast<half_pack<H, W> *>(y) = pack;
        return;
    }
    for (int k = 0; k < W; ++k)
        if (k < n) y[k] = pack.at[k];
}

/* in[n] NULL: zeros. out[n] NULL: not requested. */
template <class T, int IN, int OUT>
struct update_arrays {
    const T *in[IN];
    T *out[OUT];
    void *half; /* out[0] in this dtype; NULL: not requested */
    glia_dtype half_dtype;
};

/* The elements of one thread from `begin` on. The rule is loaded. */
template <class T, int IN, int OUT, class Rule>
__device__ inline void update_pack(const Rule &rule, const update_arrays<T, IN, OUT> &arrays,
                                   const packed<T> (&raw)[IN], int64_t begin, int n, bool wide) {
    typedef compute<T> C;
    const int width = vector<T>::width;
    C in[IN][width], out[OUT][width], before[IN], after[OUT];
    for (int i = 0; i < IN; ++i) unpack(raw[i], in[i]);
    for (int k = 0; k < width; ++k) {
        for (int i = 0; i < IN; ++i) before[i] = in[i][k];
        rule.step(before, after);
        for (int o = 0; o < OUT; ++o) out[o][k] = rule.skip ? before[o == 0 ? 0 : o + 1] : after[o];
    }
    for (int o = 0; o < OUT; ++o)
        if (arrays.out[o]) store_pack(arrays.out[o] + begin, n, wide, out[o]);
    if (!arrays.half) return;
    if (arrays.half_dtype == GLIA_BF16)
        store_halves<bf16>(arrays.half, begin, n, wide, out[0]);
    else
        store_halves<f16>(arrays.half, begin, n, wide, out[0]);
}

template <class T, int IN, int OUT>
__device__ inline void load_update(const update_arrays<T, IN, OUT> &arrays, int64_t begin, int n, bool wide,
                                   packed<T> (&raw)[IN]) {
    for (int i = 0; i < IN; ++i)
        if (arrays.in[i]) raw[i] = load_packed(arrays.in[i] + begin, n, wide);
}

}  // namespace glia

#endif
