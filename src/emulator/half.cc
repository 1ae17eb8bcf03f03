#include "emulator/half.h"

#include <cmath>

namespace emulator {

namespace {
constexpr uint32_t INFINITY_BITS = 0x7F800000;
}

// Rounding to odd: towards zero, and the last bit is set when that lost anything, so that no tie is made up.
float odd_float(double value) {
    auto rounded = static_cast<float>(value);
    if (std::fabs(static_cast<double>(rounded)) > std::fabs(value)) rounded = std::nextafter(rounded, 0.0f);
    return static_cast<double>(rounded) == value ? rounded : bits_float(float_bits(rounded) | 1);
}

uint16_t float_to_bfloat16_bits(float value) {
    uint32_t bits = float_bits(value);
    if ((bits & 0x7FFFFFFF) > INFINITY_BITS) return 0x7FFF;  // CUDA's canonical NaN
    return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

// Scaling by a power of two is exact, and nearbyintf rounds to nearest even: what is left of the value is a count of
// the smallest steps that a half has at its magnitude.
uint16_t float_to_half_bits(float value) {
    uint32_t bits = float_bits(value);
    uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
    if ((bits & 0x7FFFFFFF) > INFINITY_BITS) return 0x7FFF;
    float magnitude = std::fabs(value);
    if (magnitude >= 65520.0f) return sign | 0x7C00;
    int exponent    = magnitude < 0x1p-14f ? -14 : static_cast<int>(float_bits(magnitude) >> 23) - 127;
    auto steps      = static_cast<uint32_t>(std::nearbyintf(std::ldexp(magnitude, 10 - exponent)));
    uint32_t normal = static_cast<uint32_t>(exponent + 14) << 10;  // the implicit bit carries into the exponent
    return static_cast<uint16_t>(sign | (normal + steps));
}

float half_bits_to_float(uint16_t bits) {
    uint32_t sign     = uint32_t{bits & 0x8000u} << 16;
    uint32_t exponent = bits >> 10 & 31;
    uint32_t mantissa = bits & 1023;
    if (exponent == 31) return bits_float(sign | INFINITY_BITS | mantissa << 13);
    float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                    : bits_float((exponent + 112) << 23 | mantissa << 13);
    return bits_float(sign | float_bits(magnitude));
}

}  // namespace emulator
