/* Philox4x32-10: random numbers without a state. The same (seed, stream, step, element) gives the same bits on every
 * device, for any number of threads.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11. */
#ifndef GLIA_CORE_RANDOM_H
#define GLIA_CORE_RANDOM_H

#include <stdint.h>

/* Kernels draw their numbers with the functions of this header. */
#ifdef __CUDACC__
#define GLIA_RANDOM static inline __host__ __device__
#else
#define GLIA_RANDOM static inline
#endif

typedef struct glia_u32x4 {
    uint32_t v[4];
} glia_u32x4;

GLIA_RANDOM glia_u32x4 glia_philox(glia_u32x4 counter, uint32_t key0, uint32_t key1) {
    for (int round = 0; round < 10; ++round) {
        const uint64_t a      = UINT64_C(0xD2511F53) * counter.v[0];
        const uint64_t b      = UINT64_C(0xCD9E8D57) * counter.v[2];
        const glia_u32x4 next = {{(uint32_t)(b >> 32) ^ counter.v[1] ^ key0, (uint32_t)b,
                                  (uint32_t)(a >> 32) ^ counter.v[3] ^ key1, (uint32_t)a}};
        counter               = next;
        key0 += UINT32_C(0x9E3779B9);
        key1 += UINT32_C(0xBB67AE85);
    }
    return counter;
}

/* Which use of randomness this is: the key is the seed; the counter is {block of four elements, stream, step}.
 * `stream` tells apart uses within one seed (each dropout layer, each initial weight, the shuffle), `step` the repeats
 * of one use. 2^34 elements can be drawn from each. */
typedef struct glia_random {
    uint64_t seed;
    uint32_t stream;
    uint32_t step;
} glia_random;

/* Elements 4 block .. 4 block + 3. */
GLIA_RANDOM glia_u32x4 glia_random_block(glia_random use, uint32_t block) {
    const glia_u32x4 counter = {{block, 0, use.stream, use.step}};
    return glia_philox(counter, (uint32_t)use.seed, (uint32_t)(use.seed >> 32));
}

GLIA_RANDOM uint32_t glia_random_u32(glia_random use, uint64_t element) {
    return glia_random_block(use, (uint32_t)(element / 4)).v[element % 4];
}

/* In [0, 1): the upper 24 bits, each value exact in f32. */
GLIA_RANDOM float glia_unit_float(uint32_t bits) { return (float)(bits >> 8) * 0x1p-24f; }

/* A permutation of 0 .. count-1, count < 2^32, by Fisher and Yates' method. */
void glia_random_permutation(glia_random use, int64_t count, int64_t *out);

#endif
