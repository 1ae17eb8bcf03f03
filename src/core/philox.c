#include "core/philox.h"

/* An even choice among 0 .. bound-1 from element i. 64 random bits keep the unevenness below 2^-32. */
static int64_t choose(gli_random use, int64_t i, int64_t bound) {
    const uint64_t high = gli_random_u32(use, 2 * (uint64_t)i);
    const uint64_t low  = gli_random_u32(use, 2 * (uint64_t)i + 1);
    return (int64_t)(((high << 32) + low) % (uint64_t)bound);
}

void gli_random_permutation(gli_random use, int64_t count, int64_t *out) {
    for (int64_t i = 0; i < count; ++i) out[i] = i;
    for (int64_t i = count - 1; i > 0; --i) {
        const int64_t j    = choose(use, i, i + 1);
        const int64_t kept = out[i];
        out[i]             = out[j];
        out[j]             = kept;
    }
}
