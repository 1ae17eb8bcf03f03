// CUDA's intrinsics and the overloads it has beyond <math.h>. The fast ones (__expf) are exact here: what they lose on
// a GPU cannot be seen in the emulator.
#ifndef GLI_EMULATOR_DEVICE_MATH_H
#define GLI_EMULATOR_DEVICE_MATH_H

#include <math.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "emulator/half.h"

template <typename A, typename B>
constexpr std::common_type_t<A, B> min(A a, B b) {
    using T = std::common_type_t<A, B>;
    return static_cast<T>(b) < static_cast<T>(a) ? static_cast<T>(b) : static_cast<T>(a);
}

template <typename A, typename B>
constexpr std::common_type_t<A, B> max(A a, B b) {
    using T = std::common_type_t<A, B>;
    return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(b) : static_cast<T>(a);
}

inline float rsqrtf(float x) { return static_cast<float>(1.0 / sqrt(static_cast<double>(x))); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float normcdff(float x) { return 0.5f * erfcf(-x * 0.70710678f); }

inline float __expf(float x) { return expf(x); }
inline float __exp10f(float x) { return static_cast<float>(pow(10.0, static_cast<double>(x))); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __tanhf(float x) { return tanhf(x); }
inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
inline float __fdividef(float x, float y) { return x / y; }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __frsqrt_rn(float x) { return rsqrtf(x); }
inline double __dadd_rn(double x, double y) { return x + y; }
inline double __dmul_rn(double x, double y) { return x * y; }
inline double __fma_rn(double x, double y, double z) { return fma(x, y, z); }

// Conversions to integers saturate on a GPU, and NaN becomes 0.
namespace emulator {
template <typename Integer>
Integer saturated(double x) {
    constexpr double lowest  = std::is_signed_v<Integer> ? -2147483648.0 : 0.0;
    constexpr double highest = std::is_signed_v<Integer> ? 2147483647.0 : 4294967295.0;
    if (x != x) return 0;
    return static_cast<Integer>(x < lowest ? lowest : x > highest ? highest : x);
}
}  // namespace emulator

inline int __float2int_rn(float x) { return emulator::saturated<int>(rint(x)); }
inline int __float2int_rz(float x) { return emulator::saturated<int>(trunc(x)); }
inline int __float2int_rd(float x) { return emulator::saturated<int>(floor(x)); }
inline int __float2int_ru(float x) { return emulator::saturated<int>(ceil(x)); }
inline unsigned __float2uint_rn(float x) { return emulator::saturated<unsigned>(rint(x)); }
inline unsigned __float2uint_rz(float x) { return emulator::saturated<unsigned>(trunc(x)); }
inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }

inline unsigned __float_as_uint(float x) { return emulator::float_bits(x); }
inline int __float_as_int(float x) { return static_cast<int>(emulator::float_bits(x)); }
inline float __uint_as_float(unsigned x) { return emulator::bits_float(x); }
inline float __int_as_float(int x) { return emulator::bits_float(static_cast<unsigned>(x)); }
inline long long __double_as_longlong(double x) {
    long long bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}
inline double __longlong_as_double(long long x) {
    double value;
    std::memcpy(&value, &x, sizeof value);
    return value;
}

inline unsigned __umulhi(unsigned x, unsigned y) { return static_cast<unsigned>(uint64_t{x} * y >> 32); }
inline int __mulhi(int x, int y) { return static_cast<int>(int64_t{x} * y >> 32); }
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<unsigned long long>(static_cast<Wide>(x) * y >> 64);
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __brev(unsigned x) {
    unsigned reversed = 0;
    for (int bit = 0; bit < 32; bit++) reversed |= (x >> bit & 1u) << (31 - bit);
    return reversed;
}

// Loads and stores with a hint for the cache.
template <typename T>
T __ldg(const T *pointer) {
    return *pointer;
}
template <typename T>
T __ldcs(const T *pointer) {
    return *pointer;
}
template <typename T>
T __ldcg(const T *pointer) {
    return *pointer;
}
template <typename T>
void __stcs(T *pointer, T value) {
    *pointer = value;
}
template <typename T>
void __stcg(T *pointer, T value) {
    *pointer = value;
}

#endif
