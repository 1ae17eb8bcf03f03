/* The mask of dropout, for kernels that apply it to what they compute: by the row-major number of an element, so that
 * it has the bits of dropout.cu whatever the order of threads. The keys of the rounds are arguments of the launch:
 * operands of instructions, which each thread would add up otherwise. */
#ifndef GLI_KERNELS_RANDOM_DROPOUT_MASK_CUH
#define GLI_KERNELS_RANDOM_DROPOUT_MASK_CUH

#include "core/philox.h"
#include "kernels/device/types.cuh"
#include "ops/random/dropout_geom.h"

namespace glia {
namespace {

enum { NUMBERS = 4 }; /* of a Philox block */

struct philox_keys {
    uint32_t of[GLI_PHILOX_ROUNDS][2];
};

inline philox_keys keys_of(uint64_t seed) {
    philox_keys keys;
    for (int round = 0; round < GLI_PHILOX_ROUNDS; ++round) {
        keys.of[round][0] = gli_philox_key0(static_cast<uint32_t>(seed), round);
        keys.of[round][1] = gli_philox_key1(static_cast<uint32_t>(seed >> 32), round);
    }
    return keys;
}

/* gli_random_block. */
__device__ inline gli_u32x4 random_block(const philox_keys &keys, uint32_t stream, uint32_t step, uint32_t block) {
    gli_u32x4 counter = {{block, 0, stream, step}};
#pragma unroll
    for (int round = 0; round < GLI_PHILOX_ROUNDS; ++round)
        counter = gli_philox_round(counter, keys.of[round][0], keys.of[round][1]);
    return counter;
}

/* Without an index that would put the block into local memory. */
__device__ inline uint32_t word(const gli_u32x4 &block, uint32_t i) {
    return i == 0 ? block.v[0] : i == 1 ? block.v[1] : i == 2 ? block.v[2] : block.v[3];
}

template <class C>
struct dropout_mask {
    philox_keys keys;
    uint32_t stream, last; /* last: that is dropped, of a threshold of 1 to 2^32 */
    bool all;              /* are kept */
    C scale;
    const int64_t *step; /* NULL: 0 */

    __device__ uint32_t at_step() const { return step ? static_cast<uint32_t>(*step) : 0; }

    /* Elements `first` to `first` + 3. now: at_step(). */
    __device__ void apply(uint32_t now, uint32_t first, C (&values)[NUMBERS]) const {
        uint32_t numbers[NUMBERS];
        const uint32_t begin  = first % NUMBERS;
        const gli_u32x4 block = random_block(keys, stream, now, first / NUMBERS);
        for (uint32_t i = 0; i < NUMBERS; ++i) numbers[i] = word(block, (begin + i) % NUMBERS);
        if (begin != 0) {
            const gli_u32x4 next = random_block(keys, stream, now, first / NUMBERS + 1);
            for (uint32_t i = 0; i < NUMBERS; ++i)
                if (begin + i >= NUMBERS) numbers[i] = word(next, (begin + i) % NUMBERS);
        }
        for (int i = 0; i < NUMBERS; ++i) values[i] = all || numbers[i] > last ? values[i] * scale : C(0);
    }
};

template <class C>
dropout_mask<C> mask_of(const gli_dropout_geom &g, const int64_t *step) {
    return {keys_of(g.seed), g.stream, static_cast<uint32_t>(g.threshold - 1), g.threshold == 0, C(g.scale), step};
}

}  // namespace
}  // namespace glia

#endif
