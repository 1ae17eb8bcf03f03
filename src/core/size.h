/* Size arithmetic that fails instead of wrapping. */
#ifndef GLI_CORE_SIZE_H
#define GLI_CORE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool gli_mul_size(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool gli_add_size(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline bool gli_mul_i64(int64_t a, int64_t b, int64_t *out) { return !__builtin_mul_overflow(a, b, out); }

/* For a and b that are not negative: INT64_MAX where the product has no int64_t. */
static inline int64_t gli_saturating_mul(int64_t a, int64_t b) {
    int64_t product;
    return gli_mul_i64(a, b, &product) ? product : INT64_MAX;
}

/* Their sum likewise. */
static inline int64_t gli_saturating_add(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* The smallest multiple of alignment, a power of two, that is not below bytes; SIZE_MAX where there is none. */
static inline size_t gli_align_up(size_t bytes, size_t alignment) {
    size_t sum;
    return gli_add_size(bytes, alignment - 1, &sum) ? sum & ~(alignment - 1) : SIZE_MAX;
}

/* The quotient rounded up, of b above 0; 0 where a is not. */
static inline int64_t gli_divide_up(int64_t a, int64_t b) { return a <= 0 ? 0 : (a - 1) / b + 1; }

static inline int64_t gli_min_i64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t gli_max_i64(int64_t a, int64_t b) { return a > b ? a : b; }
static inline size_t gli_min_size(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t gli_max_size(size_t a, size_t b) { return a > b ? a : b; }

/* The last of `n` increasing numbers, from[0] on, that is not above x; 0 where none is. */
static inline int64_t gli_last_not_above(const int64_t *from, int64_t n, int64_t x) {
    int64_t low = 0, high = n;
    while (high - low > 1) {
        const int64_t middle                = low + (high - low) / 2;
        *(from[middle] <= x ? &low : &high) = middle;
    }
    return low;
}

#endif
