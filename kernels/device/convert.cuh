/* Elements of one type to another, as glia_cast does it: to the nearest float, ties to even; to integers towards zero,
 * clamped, NaN to 0. */
#ifndef GLI_KERNELS_DEVICE_CONVERT_CUH
#define GLI_KERNELS_DEVICE_CONVERT_CUH

#include "kernels/device/types.cuh"

namespace glia {

/* `value` is rounded once: a double holds every element but those of i64, for which there is converted_integer. */
template <class T>
__device__ inline T converted(double value) {
    return static_cast<T>(value);
}
template <>
__device__ inline bf16 converted<bf16>(double value) {
    return __double2bfloat16(value);
}
template <>
__device__ inline f16 converted<f16>(double value) {
    return __double2half(value);
}

/* high is exact, or the next power of two, which clamps nothing. */
template <class T>
__device__ inline T clamped(double value, double low, double high) {
    if (isnan(value)) return 0;
    return static_cast<T>(value < low ? low : value > high ? high : value);
}
template <>
__device__ inline uint8_t converted<uint8_t>(double value) {
    return clamped<uint8_t>(value, 0, 255);
}
template <>
__device__ inline int32_t converted<int32_t>(double value) {
    return clamped<int32_t>(value, -2147483648.0, 2147483647.0);
}
template <>
__device__ inline int64_t converted<int64_t>(double value) {
    return value >= 0x1p63 ? INT64_MAX : clamped<int64_t>(value, -0x1p63, 0x1p63);
}

/* Bits that do not fit a double are cleared, and the last one that fits is set (round to odd): what is rounded to a
 * float of at most 24 bits afterwards comes out as if it had been rounded once. */
template <class T>
__device__ inline T converted_integer(int64_t value) {
    const int64_t max_exact = int64_t(1) << 53, low_bits = 2047;
    if (value > max_exact || value < -max_exact) value = (value & ~low_bits) | ((value & low_bits) ? 1024 : 0);
    return converted<T>(static_cast<double>(value));
}
template <>
__device__ inline double converted_integer<double>(int64_t value) {
    return static_cast<double>(value);
}
template <>
__device__ inline int64_t converted_integer<int64_t>(int64_t value) {
    return value;
}

/* Element i of an array whose type is known when the kernel runs. */
template <class T>
__device__ inline T load_as(glia_dtype dtype, const void *data, int64_t i) {
    switch (dtype) {
        case GLIA_F32: return converted<T>(static_cast<const float *>(data)[i]);
        case GLIA_F64: return converted<T>(static_cast<const double *>(data)[i]);
        case GLIA_BF16: return converted<T>(to_compute(static_cast<const bf16 *>(data)[i]));
        case GLIA_F16: return converted<T>(to_compute(static_cast<const f16 *>(data)[i]));
        case GLIA_U8: return converted<T>(static_cast<const uint8_t *>(data)[i]);
        case GLIA_I32: return converted<T>(static_cast<const int32_t *>(data)[i]);
        case GLIA_I64: return converted_integer<T>(static_cast<const int64_t *>(data)[i]);
    }
    return T();
}

/* The conversions that training meets, in single precision, and none. */
template <class T>
__device__ inline void convert(T x, T *y) {
    *y = x;
}
__device__ inline void convert(float x, bf16 *y) { *y = __float2bfloat16_rn(x); }
__device__ inline void convert(float x, f16 *y) { *y = __float2half_rn(x); }
__device__ inline void convert(bf16 x, float *y) { *y = to_compute(x); }
__device__ inline void convert(f16 x, float *y) { *y = to_compute(x); }
__device__ inline void convert(uint8_t x, float *y) { *y = x; }
__device__ inline void convert(float x, uint8_t *y) { *y = x > 0 ? static_cast<uint8_t>(fminf(x, 255)) : 0; }
__device__ inline void convert(int32_t x, int64_t *y) { *y = x; }

}  // namespace glia

#endif
