#include "cpu/native/halves.h"

#include <string.h>

#include "cpu/native/vectorize.h"

GLI_INLINE uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

GLI_INLINE float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

GLI_INLINE uint16_t bf16_of(uint32_t bits) {
    const uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, nan = bits >> 16 | 0x40;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? nan : nearest);
}

/* Without a branch that compilers keep: into one they move the arithmetic of one side, which then might trap in a loop
 * of vectors. */
GLI_INLINE uint32_t choose(uint32_t test, uint32_t yes, uint32_t no) {
    const uint32_t mask = 0 - test;
    return (yes & mask) | (no & ~mask);
}

/* The exponent of f32 is larger by 112. Below the smallest normal f16, 2^-14, the step stays 2^-24, which is that of
 * the floats from 1/2 to 1. */
GLI_INLINE uint16_t f16_of(uint32_t bits) {
    const uint32_t size = bits & 0x7fffffff, sign = bits >> 16 & 0x8000;
    const uint32_t small  = bits_of(float_of(size) + 0.5F) - bits_of(0.5F);
    const uint32_t normal = (size + 0xfff + (size >> 13 & 1) - (112U << 23)) >> 13;
    const uint32_t finite = choose(size < 0x38800000, small, normal); /* 2^-14 */
    const uint32_t large  = size > 0x7f800000 ? 0x7e00 : 0x7c00;
    return (uint16_t)(sign | choose(size < 0x477ff000, finite, large)); /* 65520 */
}

GLI_INLINE float f16_value(uint32_t half) {
    const uint32_t sign = (half & 0x8000) << 16, size = half & 0x7fff;
    const float small     = (float)(int32_t)size * 0x1p-24F;
    const uint32_t normal = (size << 13) + ((size < 0x7c00 ? 112U : 224U) << 23);
    return float_of(sign | choose(size < 0x400, bits_of(small), normal));
}

GLI_CLONES static void widen_bf16(const uint16_t *restrict half, float *restrict wide, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) wide[i] = float_of((uint32_t)half[i] << 16);
}

GLI_CLONES static void widen_f16(const uint16_t *restrict half, float *restrict wide, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) wide[i] = f16_value(half[i]);
}

GLI_CLONES static void narrow_bf16(const float *restrict wide, uint16_t *restrict half, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) half[i] = bf16_of(bits_of(wide[i]));
}

GLI_CLONES static void narrow_f16(const float *restrict wide, uint16_t *restrict half, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) half[i] = f16_of(bits_of(wide[i]));
}

void gli_widen(glia_dtype dtype, const uint16_t *half, float *wide, int64_t begin, int64_t end) {
    (dtype == GLIA_BF16 ? widen_bf16 : widen_f16)(half, wide, begin, end);
}

void gli_narrow(glia_dtype dtype, const float *wide, uint16_t *half, int64_t begin, int64_t end) {
    (dtype == GLIA_BF16 ? narrow_bf16 : narrow_f16)(wide, half, begin, end);
}
