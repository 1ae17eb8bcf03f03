// What the programs that call at random share: numbers drawn, memory with a limit, and counts.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

#include "glia/glia.h"

namespace glia {

inline std::mt19937_64 engine;

inline uint64_t below(uint64_t bound) { return engine() % bound; }
inline bool chance(unsigned percent) { return below(100) < percent; }
template <class T, size_t N>
T one_of(const T (&values)[N]) {
    return values[below(N)];
}

// Memory of which there is little, so that huge shapes are refused and not computed.
struct Memory {
    static constexpr size_t kLimit = 64 << 20;
    size_t held                    = 0;
    static void *alloc(void *user, size_t bytes, size_t alignment) {
        auto *memory = static_cast<Memory *>(user);
        if (bytes > kLimit - memory->held) return nullptr;
        void *out = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
        if (out) memory->held += bytes;
        return out;
    }
    static void release(void *user, void *memory, size_t bytes) {
        static_cast<Memory *>(user)->held -= bytes;
        free(memory);
    }
};

inline int64_t random_integer() {
    static const int64_t extremes[] = {-1,        0,         1,         2,         3,       7,
                                       INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1 << 20, INT64_C(1) << 53};
    return chance(70) ? int64_t(below(6)) : one_of(extremes);
}

inline double random_real() {
    static const double extremes[] = {0, -0.0, 1, -1, 1e-45, 1e-300, 1e38, -3e38, 1e308, INFINITY, -INFINITY, NAN};
    return chance(85) ? double(below(4001)) / 1000 - 2 : one_of(extremes);
}

inline void print(const char *what, const std::map<glia_status, long> &counts) {
    long all = 0;
    for (const auto &[status, count] : counts) all += count;
    printf("%ld %s:", all, what);
    for (const auto &[status, count] : counts) printf(" %s %ld", glia_status_name(status), count);
    printf("\n");
}

}  // namespace glia
