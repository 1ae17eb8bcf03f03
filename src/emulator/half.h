// __half and __nv_bfloat16: storage and conversions, rounding to nearest even as the hardware does.
#ifndef GLI_EMULATOR_HALF_H
#define GLI_EMULATOR_HALF_H

#include <cstdint>
#include <cstring>

namespace emulator {

inline uint32_t float_bits(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float bits_float(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t float_to_half_bits(float value);
float half_bits_to_float(uint16_t bits);
uint16_t float_to_bfloat16_bits(float value);

// The double rounded to odd: rounding the result to a format of fewer bits is as rounding the double itself.
float odd_float(double value);

}  // namespace emulator

// clang-format off
struct __half {
    uint16_t bits;
    __half() = default;
    __half(float value) : bits(emulator::float_to_half_bits(value)) {}
    operator float() const { return emulator::half_bits_to_float(bits); }
};

struct __nv_bfloat16 {
    uint16_t bits;
    __nv_bfloat16() = default;
    __nv_bfloat16(float value) : bits(emulator::float_to_bfloat16_bits(value)) {}
    operator float() const { return emulator::bits_float(uint32_t{bits} << 16); }
};
// clang-format on

using half        = __half;
using nv_bfloat16 = __nv_bfloat16;

inline __half __float2half(float value) { return __half(value); }
inline __half __float2half_rn(float value) { return __half(value); }
inline __half __double2half(double value) { return __half(emulator::odd_float(value)); }
inline float __half2float(__half value) { return value; }
inline __nv_bfloat16 __float2bfloat16(float value) { return __nv_bfloat16(value); }
inline __nv_bfloat16 __float2bfloat16_rn(float value) { return __nv_bfloat16(value); }
inline __nv_bfloat16 __double2bfloat16(double value) { return __nv_bfloat16(emulator::odd_float(value)); }
inline float __bfloat162float(__nv_bfloat16 value) { return value; }

inline __half __ushort_as_half(unsigned short bits) {
    __half value;
    value.bits = bits;
    return value;
}
inline unsigned short __half_as_ushort(__half value) { return value.bits; }
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) {
    __nv_bfloat16 value;
    value.bits = bits;
    return value;
}
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 value) { return value.bits; }

#endif
