// What the programs that call at random share: numbers drawn, memory with a limit, and counts.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "glia/glia.h"

namespace glia {

inline thread_local std::mt19937_64 engine;

inline uint64_t below(uint64_t bound) { return engine() % bound; }
inline bool chance(unsigned percent) { return below(100) < percent; }
template <class T, size_t N>
const T &one_of(const T (&values)[N]) {
    return values[below(N)];
}

// Runs body(block) for each block of 0 .. blocks-1, `at_once` of them at a time in threads of their own. What a block
// draws follows from the seed and its number. The counter orders nothing, so that races between blocks can be seen.
template <class Body>
void run_blocks(long blocks, long seed, long at_once, const Body &body) {
    std::atomic<long> next{0};
    const auto work = [&] {
        for (long block; (block = next.fetch_add(1, std::memory_order_relaxed)) < blocks;) {
            engine.seed(uint64_t(seed) << 32 | uint64_t(block));
            body(block);
        }
    };
    std::vector<std::thread> others;
    for (long i = 1; i < at_once; ++i) others.emplace_back(work);
    work();
    for (std::thread &other : others) other.join();
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

// What this thread computes now has no extreme numbers.
inline thread_local bool moderate;

inline double random_real() {
    static const double extremes[] = {0, -0.0, 1, -1, 1e-45, 1e-300, 1e38, -3e38, 1e308, INFINITY, -INFINITY, NAN};
    return moderate || chance(85) ? double(below(4001)) / 1000 - 2 : one_of(extremes);
}

using Counts = std::map<glia_status, long>;

inline void add(Counts *sum, const Counts &counts) {
    for (const auto &[status, count] : counts) (*sum)[status] += count;
}

inline void print(const char *what, const Counts &counts) {
    long all = 0;
    for (const auto &[status, count] : counts) all += count;
    printf("%ld %s:", all, what);
    for (const auto &[status, count] : counts) printf(" %s %ld", glia_status_name(status), count);
    printf("\n");
}

}  // namespace glia
