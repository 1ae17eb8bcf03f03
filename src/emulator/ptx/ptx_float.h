// Floating point as PTX defines it, where C++ has no operator for it: directed rounding, flushed subnormals, minimum
// and maximum, approximations. These are computed exactly enough to be within every bound that PTX gives.
#ifndef GLI_EMULATOR_PTX_FLOAT_H
#define GLI_EMULATOR_PTX_FLOAT_H

#include <cmath>
#include <limits>

#include "emulator/half.h"

namespace emulator::ptx {

// .ftz: a subnormal becomes a zero of its sign.
inline float flushed(float value) {
    return std::fabs(value) < std::numeric_limits<float>::min() ? std::copysign(0.0f, value) : value;
}

template <typename T>
T flushed(T value) {
    return value;
}

template <auto FUNCTION>
struct Flushing;

template <typename D, typename... A, D (*FUNCTION)(A...)>
struct Flushing<FUNCTION> {
    static D of(A... a) { return flushed(FUNCTION(flushed(a)...)); }
};

// What rounding a + b to s left out: exact, unless s overflows.
template <typename T>
T sum_error(T a, T b, T s) {
    const T of_b = s - a;
    return (a - (s - of_b)) + (b - of_b);
}

inline float step_down(float value) { return std::nextafter(value, -std::numeric_limits<float>::infinity()); }
inline float step_up(float value) { return std::nextafter(value, std::numeric_limits<float>::infinity()); }

// The double s + error, |error| below half a unit of s, rounded to float: down, up or to zero.
inline float rounded_down(double s, double error) {
    const auto nearest = static_cast<float>(s);
    if (std::isnan(s) || std::isinf(s)) return nearest;
    return nearest > s || (nearest == s && error < 0) ? step_down(nearest) : nearest;
}
inline float rounded_up(double s, double error) { return -rounded_down(-s, -error); }
inline float rounded_to_zero(double s, double error) {
    return s > 0 || (s == 0 && error >= 0) ? rounded_down(s, error) : rounded_up(s, error);
}

enum class Round { DOWN, UP, TO_ZERO };

template <Round ROUND>
float rounded(double s, double error) {
    return ROUND == Round::DOWN ? rounded_down(s, error)
           : ROUND == Round::UP ? rounded_up(s, error)
                                : rounded_to_zero(s, error);
}

// Rounded down, a sum of zero is -0 unless both are +0.
template <Round ROUND>
float sum_rounded(double a, double b) {
    const double s = a + b;
    if (ROUND == Round::DOWN && s == 0 && (std::signbit(a) || std::signbit(b))) return -0.0f;
    return rounded<ROUND>(s, sum_error(a, b, s));
}
// A product of floats is exact as a double.
template <Round ROUND>
float fma_rounded(float a, float b, float c) {
    return sum_rounded<ROUND>(double{a} * b, c);
}
template <Round ROUND>
float add_rounded(float a, float b) {
    return sum_rounded<ROUND>(a, b);
}
template <Round ROUND>
float mul_rounded(float a, float b) {
    return rounded<ROUND>(double{a} * b, 0.0);
}

// The other operand where one is no number; -0 is less than +0.
template <typename T>
T least(T a, T b) {
    if (std::isnan(a)) return b;
    if (std::isnan(b)) return a;
    if (a == b) return std::signbit(a) ? a : b;
    return a < b ? a : b;
}
template <typename T>
T greatest(T a, T b) {
    return -least(-a, -b);
}

// Above 2^126 the approximation's reciprocal of b is 0, whatever a is.
inline float quotient_approx(float a, float b) {
    constexpr float LARGEST = 0x1p126f;
    return std::fabs(b) > LARGEST && !std::isinf(b) ? a * std::copysign(0.0f, b) : a / b;
}

inline bool is_subnormal(double value) { return std::fabs(value) < std::numeric_limits<double>::min(); }

// The high 32 bits of the reciprocal; the low ones are 0, and so are subnormals.
inline double reciprocal_approx(double value) {
    uint64_t bits;
    const double reciprocal = 1 / (is_subnormal(value) ? std::copysign(0.0, value) : value);
    memcpy(&bits, &reciprocal, sizeof bits);
    bits &= is_subnormal(reciprocal) ? uint64_t{1} << 63 : ~uint64_t{0xFFFFFFFF};
    double result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

}  // namespace emulator::ptx
#endif
