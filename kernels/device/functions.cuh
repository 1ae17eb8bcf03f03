/* Functions of one element and their derivatives, in float or double. Comparisons are written so that NaN goes
 * through. Each is within a few units in the last place of the exact value. */
#ifndef GLI_KERNELS_DEVICE_FUNCTIONS_CUH
#define GLI_KERNELS_DEVICE_FUNCTIONS_CUH

#include "glia/ops/common.h"
#include "kernels/device/cuda.cuh"

namespace glia {

/* exp of a positive number is never taken, so that nothing overflows. */
template <class C>
__device__ inline C sigmoid(C x) {
    const C e = exp(-fabs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

template <class C>
__device__ inline C softplus(C x) {
    return (x > 0 ? x : x <= 0 ? C(0) : x) + log1p(exp(-fabs(x)));
}

template <class C>
__device__ inline C clip(C x, C low, C high) {
    return x < low ? low : x > high ? high : x;
}

/* The standard normal distribution function and its density. */
template <class C>
__device__ inline C normal(C x) {
    return C(0.5) * erfc(-x * C(0.70710678118654752440));
}
template <class C>
__device__ inline C normal_density(C x) {
    return C(0.39894228040143267794) * exp(C(-0.5) * x * x);
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

template <class C>
__device__ inline C apply(glia_unary_kind kind, C alpha, C beta, C x) {
    switch (kind) {
        case GLIA_UNARY_LINEAR: return x;
        case GLIA_UNARY_STEP: return x > 0 ? C(1) : x <= 0 ? C(0) : x;
        case GLIA_UNARY_SIGMOID: return sigmoid(x);
        case GLIA_UNARY_TANH: return tanh(x);
        case GLIA_UNARY_RELU: return x <= 0 ? C(0) : x;
        case GLIA_UNARY_LEAKY_RELU: return x > 0 ? x : alpha * x;
        case GLIA_UNARY_ELU: return x > 0 ? x : alpha * expm1(x);
        case GLIA_UNARY_SELU: return selu_scale<C>() * (x > 0 ? x : selu_alpha<C>() * expm1(x));
        case GLIA_UNARY_GELU: return x * normal(x);
        case GLIA_UNARY_GELU_TANH: return x * gelu_tanh_share(x);
        case GLIA_UNARY_SILU: return x * sigmoid(x);
        case GLIA_UNARY_SOFTPLUS: return softplus(alpha * x) / alpha;
        case GLIA_UNARY_SOFTSIGN: return x / (1 + fabs(x));
        case GLIA_UNARY_HARD_SIGMOID: return clip(alpha * x + beta, C(0), C(1));
        case GLIA_UNARY_HARD_SWISH: return x * clip(x / 6 + C(0.5), C(0), C(1));
        case GLIA_UNARY_CLIP: return clip(x, alpha, beta);
        case GLIA_UNARY_EXP: return exp(x);
        case GLIA_UNARY_LOG: return log(x);
        case GLIA_UNARY_SQRT: return sqrt(x);
        case GLIA_UNARY_ABS: return fabs(x);
        case GLIA_UNARY_NEG: return -x;
        case GLIA_UNARY_SQUARE: return x * x;
        case GLIA_UNARY_COUNT: break;
    }
    return x;
}

/* The derivative at the point whose value is y, for the kinds where y tells it. */
template <class C>
__device__ inline C slope_from_y(glia_unary_kind kind, C alpha, C beta, C y) {
    (void)beta;
    switch (kind) {
        case GLIA_UNARY_SIGMOID: return y * (1 - y);
        case GLIA_UNARY_TANH: return 1 - y * y;
        case GLIA_UNARY_RELU: return y <= 0 ? C(0) : C(1);
        case GLIA_UNARY_LEAKY_RELU: return y > 0 ? C(1) : alpha;
        case GLIA_UNARY_ELU: return y > 0 ? C(1) : y + alpha;
        case GLIA_UNARY_SELU: return y > 0 ? selu_scale<C>() : y + selu_scale<C>() * selu_alpha<C>();
        case GLIA_UNARY_SOFTPLUS: return -expm1(-alpha * y);
        case GLIA_UNARY_SOFTSIGN: return (1 - fabs(y)) * (1 - fabs(y));
        case GLIA_UNARY_HARD_SIGMOID: return y <= 0 || y >= 1 ? C(0) : alpha;
        case GLIA_UNARY_EXP: return y;
        case GLIA_UNARY_SQRT: return C(0.5) / y;
        default: return C(0);
    }
}

/* The derivative at x. */
template <class C>
__device__ inline C slope_from_x(glia_unary_kind kind, C alpha, C beta, C x) {
    switch (kind) {
        case GLIA_UNARY_LINEAR: return C(1);
        case GLIA_UNARY_NEG: return C(-1);
        case GLIA_UNARY_SIGMOID: return sigmoid(x) * sigmoid(-x);
        case GLIA_UNARY_TANH: return 4 * sigmoid(2 * x) * sigmoid(-2 * x);
        case GLIA_UNARY_RELU: return x <= 0 ? C(0) : C(1);
        case GLIA_UNARY_LEAKY_RELU: return x > 0 ? C(1) : alpha;
        case GLIA_UNARY_ELU: return x > 0 ? C(1) : alpha * exp(x);
        case GLIA_UNARY_SELU: return selu_scale<C>() * (x > 0 ? C(1) : selu_alpha<C>() * exp(x));
        case GLIA_UNARY_GELU: return normal(x) + x * normal_density(x);
        case GLIA_UNARY_GELU_TANH: return gelu_tanh_slope(x);
        case GLIA_UNARY_SILU: return sigmoid(x) * (1 + x * sigmoid(-x));
        case GLIA_UNARY_SOFTPLUS: return sigmoid(alpha * x);
        case GLIA_UNARY_SOFTSIGN: return 1 / ((1 + fabs(x)) * (1 + fabs(x)));
        case GLIA_UNARY_HARD_SIGMOID: {
            const C t = alpha * x + beta;
            return t <= 0 || t >= 1 ? C(0) : alpha;
        }
        case GLIA_UNARY_HARD_SWISH: return x <= -3 ? C(0) : x >= 3 ? C(1) : x / 3 + C(0.5);
        case GLIA_UNARY_CLIP: return x < alpha || x > beta ? C(0) : C(1);
        case GLIA_UNARY_EXP: return exp(x);
        case GLIA_UNARY_LOG: return 1 / x;
        case GLIA_UNARY_SQRT: return C(0.5) / sqrt(x);
        case GLIA_UNARY_ABS: return x > 0 ? C(1) : x < 0 ? C(-1) : x;
        case GLIA_UNARY_SQUARE: return 2 * x;
        default: return C(0);
    }
}

/* dy times the derivative at x, of the kinds whose derivative may leave the range of C where the product does not. */
template <class C>
__device__ inline C gradient_from_x(glia_unary_kind kind, C slope, C x, C dy) {
    switch (kind) {
        case GLIA_UNARY_LOG: return dy / x;
        case GLIA_UNARY_SOFTSIGN: return dy / (1 + fabs(x)) / (1 + fabs(x));
        case GLIA_UNARY_SQUARE: return x * dy * 2;
        default: return slope * dy;
    }
}

/* Whether the function is constant around a point of this slope and, of hard_swish, x, so that no gradient goes through
 * it, NaN and infinity included. Elsewhere a slope of 0 is a factor like others. */
template <class C>
__device__ inline bool constant_at(glia_unary_kind kind, C slope, C x) {
    const bool flat = kind == GLIA_UNARY_STEP || kind == GLIA_UNARY_RELU || kind == GLIA_UNARY_HARD_SIGMOID ||
                      kind == GLIA_UNARY_CLIP;
    return slope == 0 && (flat || (kind == GLIA_UNARY_HARD_SWISH && x <= -3));
}

}  // namespace glia

#endif
