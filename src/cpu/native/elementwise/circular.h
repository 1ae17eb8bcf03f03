/* sin and cos of f32, in double: a double has the digits that a float of any multiple of pi / 2 loses. */
#ifndef GLI_CPU_NATIVE_CIRCULAR_H
#define GLI_CPU_NATIVE_CIRCULAR_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cpu/native/vectorize.h"

/* What is beyond is left to the C library: the quarters of a turn would have too many digits. */
static inline bool gli_is_large_angle(float x) { return !(__builtin_fabsf(x) < 1e6f); }

/* sin of x plus `quarters` quarters of a turn, within 0.53 units in the last place: x = n pi / 2 + r, and of the
 * polynomials in r^2 the one that n chooses. Source: Moshier, Cephes, sinf and cosf, for the intervals and the form. */
GLI_INLINE float gli_circular(float x, int quarters) {
    const double magic = 0x1.8p52; /* adding it leaves the rounded integer in the low bits */
    const double sum = (double)x * 0.63661977236758134308 + magic, n = sum - magic;
    const double r = ((double)x - n * 0x1.921fb544p+0) - n * 0x1.0b4611a626331p-34, square = r * r;
    const double sine = r + r * square * (-1.0 / 6 + square * (1.0 / 120 + square * (-1.0 / 5040 + square / 362880)));
    const double cosine =
        1 + square * (-0.5 + square * (1.0 / 24 + square * (-1.0 / 720 + square * (1.0 / 40320 - square / 3628800))));
    /* The choice as masks, since no compiler vectorizes one between two sums for every processor. */
    uint64_t quarter, odd, even;
    memcpy(&quarter, &sum, sizeof quarter);
    memcpy(&odd, &cosine, sizeof odd);
    memcpy(&even, &sine, sizeof even);
    quarter += (uint64_t)quarters;
    const uint64_t mask = 0 - (quarter & 1), sign = (quarter & 2) << 62, bits = ((odd & mask) | (even & ~mask)) ^ sign;
    double result;
    memcpy(&result, &bits, sizeof result);
    return (float)result;
}

/* Any angle. */
static inline float gli_circular_any(float x, int quarters) {
    if (!gli_is_large_angle(x)) return gli_circular(x, quarters);
    switch (quarters & 3) {
        case 0: return (float)sin((double)x);
        case 1: return (float)cos((double)x);
        case 2: return (float)-sin((double)x);
        default: return (float)-cos((double)x);
    }
}

#endif
