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
