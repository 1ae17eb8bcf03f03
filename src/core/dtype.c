#include "core/dtype.h"

#include <math.h>
#include <string.h>

const char *const gli_dtype_names[GLIA_DTYPE_COUNT] = {
    [GLIA_F32] = "f32", [GLIA_F64] = "f64", [GLIA_BF16] = "bf16", [GLIA_F16] = "f16",
    [GLIA_U8] = "u8",   [GLIA_I32] = "i32", [GLIA_I64] = "i64",
};

static const struct {
    size_t size;
    double epsilon;
} dtypes[GLIA_DTYPE_COUNT] = {
    [GLIA_F32] = {4, 0x1p-24}, [GLIA_F64] = {8, 0x1p-53}, [GLIA_BF16] = {2, 0x1p-8}, [GLIA_F16] = {2, 0x1p-11},
    [GLIA_U8] = {1, 0},        [GLIA_I32] = {4, 0},       [GLIA_I64] = {8, 0},
};

bool gli_dtype_valid(glia_dtype dtype) { return (unsigned)dtype < GLIA_DTYPE_COUNT; }
bool gli_dtype_is_float(glia_dtype dtype) { return gli_dtype_epsilon(dtype) > 0; }
bool gli_dtype_is_half(glia_dtype dtype) { return dtype == GLIA_BF16 || dtype == GLIA_F16; }
glia_dtype gli_dtype_wide(glia_dtype dtype) { return gli_dtype_is_half(dtype) ? GLIA_F32 : dtype; }
const char *glia_dtype_name(glia_dtype dtype) { return gli_dtype_valid(dtype) ? gli_dtype_names[dtype] : "?"; }
size_t glia_dtype_size(glia_dtype dtype) { return gli_dtype_valid(dtype) ? dtypes[dtype].size : 0; }
double gli_dtype_epsilon(glia_dtype dtype) { return gli_dtype_valid(dtype) ? dtypes[dtype].epsilon : 0; }

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Rounds to odd: the last bit is set when the value was inexact, so that a second rounding to a shorter format gives
 * what one rounding from the double would have given. */
static float round_to_odd(double value) {
    const float nearest = (float)value;
    if (!isfinite(nearest) || (double)nearest == value || (bits_of(nearest) & 1)) return nearest;
    const bool away = fabs((double)nearest) > fabs(value);
    return float_of(bits_of(nearest) + (away ? UINT32_C(0xffffffff) : 1));
}

static uint16_t bf16_of(double value) {
    const uint32_t bits = bits_of(round_to_odd(value));
    if (isnan(value)) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static uint16_t f16_of(double value) {
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    const double size   = fabs(value);
    if (isnan(value)) return sign | 0x7e00;
    if (size >= 65520.0) return sign | 0x7c00; /* halfway from the largest value to the next power of two */
    if (size == 0) return sign;                /* has no exponent to scale by */
    int exponent;
    frexp(size, &exponent);
    if (exponent < -13) exponent = -13; /* subnormal: the step stays 2^-24 */
    const double step  = ldexp(1.0, exponent - 11);
    const double steps = nearbyint(size / step); /* at most 2^11; the carry into the exponent is the right one */
    return (uint16_t)(sign + (uint32_t)steps + ((uint32_t)(exponent + 13) << 10));
}

static double f16_value(uint16_t bits) {
    const int exponent = bits >> 10 & 31;
    const int fraction = bits & 1023;
    const double size  = exponent == 31  ? (fraction ? NAN : INFINITY)
                         : exponent == 0 ? ldexp(fraction, -24)
                                         : ldexp(1024 + fraction, exponent - 25);
    return bits & 0x8000 ? -size : size;
}

/* low and high are exact in double, or, for i64, high is the next power of two, which is never reached. */
static double clamp(double value, double low, double high) {
    if (isnan(value)) return 0;
    return value < low ? low : value > high ? high : value;
}

double gli_load(glia_dtype dtype, const void *data, int64_t i) {
    switch (dtype) {
        case GLIA_F32: return ((const float *)data)[i];
        case GLIA_F64: return ((const double *)data)[i];
        case GLIA_BF16: return float_of((uint32_t)((const uint16_t *)data)[i] << 16);
        case GLIA_F16: return f16_value(((const uint16_t *)data)[i]);
        case GLIA_U8: return ((const uint8_t *)data)[i];
        case GLIA_I32: return ((const int32_t *)data)[i];
        case GLIA_I64: return (double)((const int64_t *)data)[i];
    }
    return NAN;
}

void gli_store(glia_dtype dtype, void *data, int64_t i, double value) {
    switch (dtype) {
        case GLIA_F32: ((float *)data)[i] = (float)value; return;
        case GLIA_F64: ((double *)data)[i] = value; return;
        case GLIA_BF16: ((uint16_t *)data)[i] = bf16_of(value); return;
        case GLIA_F16: ((uint16_t *)data)[i] = f16_of(value); return;
        case GLIA_U8: ((uint8_t *)data)[i] = (uint8_t)clamp(value, 0, UINT8_MAX); return;
        case GLIA_I32: ((int32_t *)data)[i] = (int32_t)clamp(value, INT32_MIN, INT32_MAX); return;
        case GLIA_I64:
            ((int64_t *)data)[i] = value >= 0x1p63 ? INT64_MAX : (int64_t)clamp(value, -0x1p63, 0x1p63);
            return;
    }
}

bool gli_finite_in(glia_dtype dtype, double value) {
    double element; /* large enough for any */
    gli_store(dtype, &element, 0, value);
    return isfinite(gli_load(dtype, &element, 0));
}

int64_t gli_largest(glia_dtype dtype, const void *data, int64_t count, int64_t stride) {
    int64_t best = 0;
    for (int64_t i = 1; i < count && !isnan(gli_load(dtype, data, best * stride)); ++i)
        if (!(gli_load(dtype, data, i * stride) <= gli_load(dtype, data, best * stride))) best = i;
    return best;
}
