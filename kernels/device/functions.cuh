/* Functions of one element and their derivatives, in float or double. Comparisons are written so that a NaN stays a
 * NaN. A function is within a few units in the last place of the exact value, gelu of a 16-bit type within 0.56 of that
 * type's units. A derivative is a sum of such terms: where they cancel, its relative error is larger. */
#ifndef GLI_KERNELS_DEVICE_FUNCTIONS_CUH
#define GLI_KERNELS_DEVICE_FUNCTIONS_CUH

#include "glia/ops/common.h"
#include "kernels/device/types.cuh"

namespace glia {

/* a b + c rounded twice, as the reference has it: nvcc makes one operation of it, whose result may miss a bound that it
 * should just reach. */
__device__ inline float multiply_then_add(float a, float b, float c) { return __fadd_rn(__fmul_rn(a, b), c); }
__device__ inline double multiply_then_add(double a, double b, double c) { return __dadd_rn(__dmul_rn(a, b), c); }

/* 1 / x for x from 1 on, where division needs none of its care for small divisors. */
__device__ inline float inverse(float x) { return __fdividef(1.0f, x); }
__device__ inline double inverse(double x) { return 1 / x; }

/* exp of a positive number is never taken, so that nothing overflows. */
template <class C>
__device__ inline C sigmoid(C x) {
    const C e = exp(-fabs(x)), of_abs = inverse(1 + e);
    return x >= 0 ? of_abs : e * of_abs;
}
/* sigmoid(x) sigmoid(-x) */
template <class C>
__device__ inline C sigmoid_slope(C x) {
    const C e = exp(-fabs(x)), of_abs = inverse(1 + e);
    return e * of_abs * of_abs;
}

template <class C>
__device__ inline C relu(C x) {
    return x <= 0 ? C(0) : x;
}

template <class C>
__device__ inline C softplus(C x) {
    return (x > 0 ? x : x <= 0 ? C(0) : x) + log1p(exp(-fabs(x)));
}

template <class C>
__device__ inline C clip(C x, C low, C high) {
    return x < low ? low : x > high ? high : x;
}

/* exp(-x^2 / 2), with a relative error of up to x^2 units in the last place, from rounding the exponent. */
template <class C>
__device__ inline C gaussian(C x) {
    return exp2(C(-0.72134752044448170368) * (x * x));
}
template <class C>
__device__ inline C normal_density(C x) {
    return C(0.39894228040143267794) * gaussian(x);
}

/* What is to the right of x >= 0 under the normal density, with a relative error of 2^-14.9: t times a polynomial in
 * t = 1 / (1 + p x), fitted to the quotient of both, as in Abramowitz, Stegun, "Handbook", 7.1.26. */
__device__ inline float normal_tail(float x) {
    const float t = inverse(1 + 0.377f * x);
    float sum     = -0.09044606f;
    sum           = sum * t + 0.19584770f;
    sum           = sum * t + 0.08688555f;
    sum           = sum * t + 0.15777661f;
    sum           = sum * t + 0.14992727f;
    return gaussian(x) * (sum * t);
}

/* The standard normal distribution function, as exact as T can hold it. */
template <class T, class C>
__device__ inline C normal(C x) {
    if constexpr (sizeof(T) > 2) return C(0.5) * erfc(-x * C(0.70710678118654752440));
    const C tail = normal_tail(fabs(x));
    return x > 0 ? 1 - tail : tail;
}

/* (1 + tanh(...)) / 2 of gelu_tanh: the sum of 1 and a number near -1 would lose all digits. */
template <class C>
__device__ inline C gelu_tanh_share(C x) {
    return sigmoid(C(2 * 0.79788456080286535588) * (x + C(0.044715) * x * x * x));
}
/* Beyond 1000 share (1 - share) is 0, and the square must not overflow. */
template <class C>
__device__ inline C gelu_tanh_slope(C x) {
    const C in = clip(x, C(-1000), C(1000)), share = gelu_tanh_share(x);
    return share + share * (1 - share) * x * C(2 * 0.79788456080286535588) * (1 + C(3 * 0.044715) * in * in);
}

template <class C>
__device__ inline C selu_scale() {
    return C(1.0507009873554805);
}
template <class C>
__device__ inline C selu_alpha() {
    return C(1.6732632423543772);
}

/* ---- packs ----
 * The function is chosen once for the W values of a pack, outside of the loop over them. T: the type that the values
 * were read as. y and dx may be x. */

/* y[k] = f(x[k]) */
template <int W, class C, class F>
__device__ inline void each(const C (&x)[W], C (&y)[W], F f) {
    for (int k = 0; k < W; ++k) y[k] = f(x[k]);
}

template <class T, int W, class C>
__device__ inline void apply(glia_unary_kind kind, C alpha, C beta, const C (&x)[W], C (&y)[W]) {
    switch (kind) {
        case GLIA_UNARY_STEP: return each(x, y, [](C v) { return v > 0 ? C(1) : v <= 0 ? C(0) : v; });
        case GLIA_UNARY_SIGMOID: return each(x, y, [](C v) { return sigmoid(v); });
        case GLIA_UNARY_TANH: return each(x, y, [](C v) { return tanh(v); });
        case GLIA_UNARY_RELU: return each(x, y, [](C v) { return relu(v); });
        case GLIA_UNARY_LEAKY_RELU: return each(x, y, [=](C v) { return v > 0 ? v : alpha * v; });
        case GLIA_UNARY_ELU: return each(x, y, [=](C v) { return v > 0 ? v : alpha * expm1(v); });
        case GLIA_UNARY_SELU:
            return each(x, y, [](C v) { return selu_scale<C>() * (v > 0 ? v : selu_alpha<C>() * expm1(v)); });
        case GLIA_UNARY_GELU: return each(x, y, [](C v) { return v * normal<T>(v); });
        case GLIA_UNARY_GELU_TANH: return each(x, y, [](C v) { return v * gelu_tanh_share(v); });
        case GLIA_UNARY_SILU: return each(x, y, [](C v) { return v * sigmoid(v); });
        case GLIA_UNARY_SOFTPLUS: return each(x, y, [=](C v) { return softplus(alpha * v) / alpha; });
        case GLIA_UNARY_SOFTSIGN: return each(x, y, [](C v) { return v / (1 + fabs(v)); });
        case GLIA_UNARY_HARD_SIGMOID:
            return each(x, y, [=](C v) { return clip(multiply_then_add(alpha, v, beta), C(0), C(1)); });
        case GLIA_UNARY_HARD_SWISH: return each(x, y, [](C v) { return v * clip(v / 6 + C(0.5), C(0), C(1)); });
        case GLIA_UNARY_CLIP: return each(x, y, [=](C v) { return clip(v, alpha, beta); });
        case GLIA_UNARY_EXP: return each(x, y, [](C v) { return exp(v); });
        case GLIA_UNARY_LOG: return each(x, y, [](C v) { return log(v); });
        case GLIA_UNARY_SQRT: return each(x, y, [](C v) { return sqrt(v); });
        case GLIA_UNARY_ABS: return each(x, y, [](C v) { return fabs(v); });
        case GLIA_UNARY_NEG: return each(x, y, [](C v) { return -v; });
        case GLIA_UNARY_SQUARE: return each(x, y, [](C v) { return v * v; });
        default: return each(x, y, [](C v) { return v; });
    }
}

/* The functions that other kernels compute with their result; those of apply would cost them registers. */
template <int W, class C>
__device__ inline void activate(glia_unary_kind kind, const C (&x)[W], C (&y)[W]) {
    switch (kind) {
        case GLIA_UNARY_SIGMOID: return each(x, y, [](C v) { return sigmoid(v); });
        case GLIA_UNARY_TANH: return each(x, y, [](C v) { return tanh(v); });
        case GLIA_UNARY_RELU: return each(x, y, [](C v) { return relu(v); });
        default: return each(x, y, [](C v) { return v; });
    }
}

/* dx[k] = slope(x[k]) dy[k] */
template <int W, class C, class F>
__device__ inline void chain(const C (&x)[W], const C (&dy)[W], C (&dx)[W], F slope) {
    for (int k = 0; k < W; ++k) dx[k] = slope(x[k]) * dy[k];
}

/* The same where the function is constant around points of slope 0, so that no gradient goes through it, NaN and
 * infinity included. Elsewhere a slope of 0 is a factor like others. */
template <int W, class C, class F>
__device__ inline void chain_or_constant(const C (&x)[W], const C (&dy)[W], C (&dx)[W], F slope) {
    for (int k = 0; k < W; ++k) {
        const C s = slope(x[k]);
        dx[k]     = s == 0 ? C(0) : s * dy[k];
    }
}

/* dx[k] = f(x[k], dy[k]): where the slope alone may leave the range of C, or is no factor. */
template <int W, class C, class F>
__device__ inline void combine(const C (&x)[W], const C (&dy)[W], C (&dx)[W], F f) {
    for (int k = 0; k < W; ++k) dx[k] = f(x[k], dy[k]);
}

/* dx from y, for the functions whose slope y tells. */
template <int W, class C>
__device__ inline void gradient_from_y(glia_unary_kind kind, C alpha, const C (&y)[W], const C (&dy)[W], C (&dx)[W]) {
    switch (kind) {
        case GLIA_UNARY_SIGMOID: return chain(y, dy, dx, [](C v) { return v * (1 - v); });
        case GLIA_UNARY_TANH: return chain(y, dy, dx, [](C v) { return 1 - v * v; });
        case GLIA_UNARY_RELU: return chain_or_constant(y, dy, dx, [](C v) { return v <= 0 ? C(0) : C(1); });
        case GLIA_UNARY_LEAKY_RELU: return chain(y, dy, dx, [=](C v) { return v > 0 ? C(1) : alpha; });
        case GLIA_UNARY_ELU: return chain(y, dy, dx, [=](C v) { return v > 0 ? C(1) : v + alpha; });
        case GLIA_UNARY_SELU:
            return chain(y, dy, dx,
                         [](C v) { return v > 0 ? selu_scale<C>() : v + selu_scale<C>() * selu_alpha<C>(); });
        case GLIA_UNARY_SOFTPLUS: return chain(y, dy, dx, [=](C v) { return -expm1(-alpha * v); });
        case GLIA_UNARY_SOFTSIGN: return chain(y, dy, dx, [](C v) { return (1 - fabs(v)) * (1 - fabs(v)); });
        case GLIA_UNARY_HARD_SIGMOID:
            return chain_or_constant(y, dy, dx, [=](C v) { return v <= 0 || v >= 1 ? C(0) : alpha; });
        case GLIA_UNARY_EXP: return chain(y, dy, dx, [](C v) { return v; });
        case GLIA_UNARY_SQRT: return chain(y, dy, dx, [](C v) { return C(0.5) / v; });
        default: return chain_or_constant(y, dy, dx, [](C) { return C(0); });
    }
}

/* dx from x. */
template <class T, int W, class C>
__device__ inline void gradient_from_x(glia_unary_kind kind, C alpha, C beta, const C (&x)[W], const C (&dy)[W],
                                       C (&dx)[W]) {
    switch (kind) {
        case GLIA_UNARY_LINEAR: return chain(x, dy, dx, [](C) { return C(1); });
        case GLIA_UNARY_NEG: return chain(x, dy, dx, [](C) { return C(-1); });
        case GLIA_UNARY_SIGMOID: return chain(x, dy, dx, [](C v) { return sigmoid_slope(v); });
        case GLIA_UNARY_TANH: return chain(x, dy, dx, [](C v) { return 4 * sigmoid_slope(2 * v); });
        case GLIA_UNARY_RELU: return chain_or_constant(x, dy, dx, [](C v) { return v <= 0 ? C(0) : C(1); });
        case GLIA_UNARY_LEAKY_RELU: return chain(x, dy, dx, [=](C v) { return v > 0 ? C(1) : alpha; });
        case GLIA_UNARY_ELU: return chain(x, dy, dx, [=](C v) { return v > 0 ? C(1) : alpha * exp(v); });
        case GLIA_UNARY_SELU:
            return chain(x, dy, dx, [](C v) { return selu_scale<C>() * (v > 0 ? C(1) : selu_alpha<C>() * exp(v)); });
        case GLIA_UNARY_GELU: return chain(x, dy, dx, [](C v) { return normal<T>(v) + v * normal_density(v); });
        case GLIA_UNARY_GELU_TANH: return chain(x, dy, dx, [](C v) { return gelu_tanh_slope(v); });
        case GLIA_UNARY_SILU: return chain(x, dy, dx, [](C v) { return sigmoid(v) * (1 + v * sigmoid(-v)); });
        case GLIA_UNARY_SOFTPLUS: return chain(x, dy, dx, [=](C v) { return sigmoid(alpha * v); });
        case GLIA_UNARY_SOFTSIGN: return combine(x, dy, dx, [](C v, C g) { return g / (1 + fabs(v)) / (1 + fabs(v)); });
        case GLIA_UNARY_HARD_SIGMOID:
            return chain_or_constant(x, dy, dx, [=](C v) {
                const C t = multiply_then_add(alpha, v, beta);
                return t <= 0 || t >= 1 ? C(0) : alpha;
            });
        case GLIA_UNARY_HARD_SWISH:
            return combine(x, dy, dx, [](C v, C g) { return v <= -3 ? C(0) : (v >= 3 ? C(1) : v / 3 + C(0.5)) * g; });
        case GLIA_UNARY_CLIP:
            return chain_or_constant(x, dy, dx, [=](C v) { return v < alpha || v > beta ? C(0) : C(1); });
        case GLIA_UNARY_EXP: return chain(x, dy, dx, [](C v) { return exp(v); });
        case GLIA_UNARY_LOG: return combine(x, dy, dx, [](C v, C g) { return g / v; });
        case GLIA_UNARY_SQRT: return chain(x, dy, dx, [](C v) { return C(0.5) / sqrt(v); });
        case GLIA_UNARY_ABS: return chain(x, dy, dx, [](C v) { return v > 0 ? C(1) : v < 0 ? C(-1) : v; });
        case GLIA_UNARY_SQUARE: return combine(x, dy, dx, [](C v, C g) { return v * g * 2; });
        default: return chain_or_constant(x, dy, dx, [](C) { return C(0); });
    }
}

}  // namespace glia

#endif
