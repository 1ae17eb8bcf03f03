/* Philox4x32-10: random numbers without a state. The same (seed, stream, step, element) gives the same bits on every
 * device, for any number of threads.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11. */
#ifndef GLI_CORE_PHILOX_H
#define GLI_CORE_PHILOX_H

#include <math.h>
#include <stdint.h>

/* Kernels draw their numbers with the functions of this header. */
#ifdef __CUDACC__
#define GLI_RANDOM static inline __host__ __device__
#else
#define GLI_RANDOM static inline
#endif

typedef struct gli_u32x4 {
    uint32_t v[4];
} gli_u32x4;

enum { GLI_PHILOX_ROUNDS = 10 };

/* Of each round, by the key of the first. */
GLI_RANDOM uint32_t gli_philox_key0(uint32_t key0, int round) { return key0 + (uint32_t)round * UINT32_C(0x9E3779B9); }
GLI_RANDOM uint32_t gli_philox_key1(uint32_t key1, int round) { return key1 + (uint32_t)round * UINT32_C(0xBB67AE85); }

GLI_RANDOM gli_u32x4 gli_philox_round(gli_u32x4 counter, uint32_t key0, uint32_t key1) {
    const uint64_t a     = UINT64_C(0xD2511F53) * counter.v[0];
    const uint64_t b     = UINT64_C(0xCD9E8D57) * counter.v[2];
    const gli_u32x4 next = {{(uint32_t)(b >> 32) ^ counter.v[1] ^ key0, (uint32_t)b,
                             (uint32_t)(a >> 32) ^ counter.v[3] ^ key1, (uint32_t)a}};
    return next;
}

GLI_RANDOM gli_u32x4 gli_philox(gli_u32x4 counter, uint32_t key0, uint32_t key1) {
    for (int round = 0; round < GLI_PHILOX_ROUNDS; ++round)
        counter = gli_philox_round(counter, gli_philox_key0(key0, round), gli_philox_key1(key1, round));
    return counter;
}

/* Which use of randomness this is: the key is the seed; the counter is {block of four elements, stream, step}.
 * `stream` distinguishes uses of one seed (each dropout layer, each initial weight, the shuffle), `step` the repeats
 * of one use. 2^34 elements can be drawn from each. */
typedef struct gli_random {
    uint64_t seed;
    uint32_t stream;
    uint32_t step;
} gli_random;

/* Elements 4 block .. 4 block + 3. */
GLI_RANDOM gli_u32x4 gli_random_block(gli_random use, uint32_t block) {
    const gli_u32x4 counter = {{block, 0, use.stream, use.step}};
    return gli_philox(counter, (uint32_t)use.seed, (uint32_t)(use.seed >> 32));
}

GLI_RANDOM uint32_t gli_random_u32(gli_random use, uint64_t element) {
    return gli_random_block(use, (uint32_t)(element / 4)).v[element % 4];
}

/* In [0, 1): the upper 24 bits, each value exact in f32. */
GLI_RANDOM float gli_unit_float(uint32_t bits) { return (float)(bits >> 8) * 0x1p-24f; }

/* In [0, 1): the upper 53 bits of 64, each value exact in f64. */
GLI_RANDOM double gli_unit_double(uint32_t high, uint32_t low) {
    return (double)(((uint64_t)high << 32 | low) >> 11) * 0x1p-53;
}

/* The logarithm of a number from 2^-33 to 1, and sine and cosine up to a quarter of pi, each within one unit in the
 * last place. Only operations whose rounding IEEE 754 defines: the same bits wherever multiplications and additions are
 * not fused, which no library promises of its functions. Source: the polynomials of fdlibm, Sun Microsystems, 1993. */
GLI_RANDOM double gli_log_of_unit(double x) {
    union {
        double value;
        uint64_t bits;
    } u                  = {x};
    const uint64_t carry = u.bits + UINT64_C(0x00095f6400000000); /* 2^k (1 + f) with sqrt(1/2) < 1 + f < sqrt(2) */
    const int k          = (int)(carry >> 52) - 1023;
    u.bits -= (uint64_t)(int64_t)k << 52;
    const double f = u.value - 1, s = f / (2 + f), z = s * s, w = z * z;
    const double even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const double odd =
        z * (6.666666666666735130e-01 +
             w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const double half = 0.5 * f * f;
    return k * 6.93147180369123816490e-01 - ((half - (s * (half + (odd + even)) + k * 1.90821492927058770002e-10)) - f);
}

GLI_RANDOM double gli_sine(double x) {
    const double z = x * x;
    const double r =
        8.33333333332248946124e-03 +
        z * (-1.98412698298579493134e-04 +
             z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)));
    return x + x * z * (-1.66666666666666324348e-01 + z * r);
}

GLI_RANDOM double gli_cosine(double x) {
    const double z    = x * x;
    const double r    = z * (4.16666666666666019037e-02 +
                          z * (-1.38888888888741095749e-03 +
                               z * (2.48015872894767294178e-05 +
                                    z * (-2.75573143513906633035e-07 +
                                         z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
    const double half = 0.5 * z, rest = 1 - half;
    return rest + (((1 - rest) - half) + z * r);
}

/* Box and Muller's pair of independent standard normal numbers from two words: z[0] = r cos a, z[1] = r sin a with
 * r = sqrt(-2 log((first + 1/2) 2^-32)), a = 2 pi second 2^-32.
 * Source: Box, Muller, "A note on the generation of random normal deviates", 1958. */
GLI_RANDOM void gli_normal_pair(uint32_t first, uint32_t second, double *z) {
    const double radius = sqrt(-2 * gli_log_of_unit((first + 0.5) * 0x1p-32));
    /* The nearest quarter of a turn, and what is left: exact, at most an eighth of a turn. */
    const uint32_t quarter = (second + UINT32_C(0x20000000)) >> 30;
    const double rest      = 6.28318530717958647693 * ((double)(int32_t)(second - (quarter << 30)) * 0x1p-32);
    const double c = radius * gli_cosine(rest), s = radius * gli_sine(rest);
    z[0] = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
    z[1] = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
}

/* A permutation of 0 .. count-1, count < 2^32, by Fisher and Yates' method. */
void gli_random_permutation(gli_random use, int64_t count, int64_t *out);

#endif
