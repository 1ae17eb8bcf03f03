/* Functions that the compiler can vectorize over an array: no branches, no tables, no library calls. */
#ifndef GLI_CPU_NATIVE_VECTOR_MATH_H
#define GLI_CPU_NATIVE_VECTOR_MATH_H

#include <stdint.h>
#include <string.h>

#include "cpu/native/vectorize.h"

static inline float gli_float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t gli_bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* x = n log 2 + r with |r| <= log 2 / 2 for a whole n; less_one: exp r - 1.
 * Source: Moshier, Cephes, expf. */
typedef struct gli_exp_parts {
    float n, less_one;
} gli_exp_parts;

static inline gli_exp_parts gli_exp_split(float x) {
    const float magic = 12582912.0f; /* 1.5 2^23: adding it leaves the rounded integer in the low bits */
    const float n     = (x * 1.44269504088896341f + magic) - magic;
    const float r     = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p           = 1.9875691500e-4f;
    p                 = p * r + 1.3981999507e-3f;
    p                 = p * r + 8.3334519073e-3f;
    p                 = p * r + 4.1665795894e-2f;
    p                 = p * r + 1.6666665459e-1f;
    p                 = p * r + 5.0000001201e-1f;
    return (gli_exp_parts){n, p * (r * r) + r};
}

/* exp x within 2 units in the last place; 0 below -104, infinity above 88.73, NaN of NaN. */
static inline float gli_exp(float x) {
    const float inside    = x < -104 ? -104 : x > 89 ? 89 : x;
    const gli_exp_parts e = gli_exp_split(inside);
    /* 2^n in two factors, since 2^n alone may be too large or too small for a float */
    const int32_t whole = (int32_t)(x == x ? e.n : 0), half = whole / 2;
    return (e.less_one + 1) * gli_float_of((uint32_t)(half + 127) << 23) *
           gli_float_of((uint32_t)(whole - half + 127) << 23);
}

/* exp x - 1 of x <= 0 within 2 units in the last place, as 2^n (exp r - 1) + (2^n - 1); NaN of NaN. */
static inline float gli_expm1(float x) {
    const float inside    = x < -87 ? -87 : x > 0 ? 0 : x; /* below -87 it is -1 */
    const gli_exp_parts e = gli_exp_split(inside);
    const float power     = gli_float_of((uint32_t)((int32_t)(x == x ? e.n : 0) + 127) << 23);
    return e.less_one * power + (power - 1);
}

static inline float gli_abs(float x) { return __builtin_fabsf(x); }

/* exp x of x <= 0 within 2 units in the last place, where that is a normal number; NaN of NaN. */
static inline float gli_exp_down(float x) {
    const float inside    = x < -87.5f ? -87.5f : x; /* there it is subnormal */
    const gli_exp_parts e = gli_exp_split(inside);
    return (e.less_one + 1) * gli_float_of((uint32_t)((int32_t)(x == x ? e.n : 0) + 127) << 23);
}

/* 1 / (1 + exp(-x)) from the exponential of a number that is not positive. */
static inline float gli_sigmoid(float x) {
    const float e = gli_exp_down(-gli_abs(x));
    return (x >= 0 ? 1 : e) / (1 + e);
}

/* (1 - exp(-2 x)) / (1 + exp(-2 x)) of |x|, from exp - 1, which keeps its precision near 0. */
static inline float gli_tanh(float x) {
    const float less_one = gli_expm1(-2 * gli_abs(x));
    return __builtin_copysignf(less_one / (less_one + 2), x);
}

/* exp(-x^2 / 2) of |x| <= 15 within 4 units in the last place. What the float of x^2 leaves out is known exactly: the
 * halves of x have 12 bits each. */
static inline float gli_bell(float x) {
    const float high = gli_float_of(gli_bits_of(x) & 0xfffff000), low = x - high, square = x * x;
    const float rest = ((high * high - square) + 2 * high * low) + low * low;
    const float e    = gli_exp(-0.5f * square);
    return e - e * (0.5f * rest);
}

/* What the standard normal distribution has beyond |x|, as ratio bell, bell = exp(-x^2 / 2). */
typedef struct gli_tail {
    float ratio, bell;
} gli_tail;

/* The ratio is smooth, here a polynomial in (|x| - 3) / (|x| + 3), fitted to |x| <= 15; further out the tail is 0. */
static inline gli_tail gli_tail_at(float x) {
    const float t = gli_abs(x) > 15 ? 15 : gli_abs(x), q = (t - 3) / (t + 3), bell = gli_bell(t);
    float p = 5.32794147e-5f;
    p       = p * q + 1.14834103e-4f;
    p       = p * q - 3.39363643e-4f;
    p       = p * q - 9.83109116e-4f;
    p       = p * q + 2.90460885e-3f;
    p       = p * q + 6.1318744e-3f;
    p       = p * q - 4.62133065e-2f;
    p       = p * q + 1.23225048e-1f;
    p       = p * q - 2.06402615e-1f;
    p       = p * q + 1.21513948e-1f;
    return (gli_tail){p, bell};
}

/* The standard normal distribution function and its density, both within 6e-7 of themselves, far below 0 too. */
typedef struct gli_normal {
    float share, density;
} gli_normal;

static inline gli_normal gli_normal_at(float x) {
    const gli_tail tail = gli_tail_at(x);
    return (gli_normal){x < 0 ? tail.ratio * tail.bell : 1 - tail.ratio * tail.bell, 0.398942280f * tail.bell};
}

/* x times the share of what is below x. That share may be no normal number where the product is one. */
static inline float gli_gelu(float x) {
    const gli_tail tail = gli_tail_at(x);
    return x < 0 ? x * tail.ratio * tail.bell : x * (1 - tail.ratio * tail.bell);
}

#endif
