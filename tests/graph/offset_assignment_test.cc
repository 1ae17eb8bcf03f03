// Offsets of memory blocks with lifetimes, judged by a scan over all blocks assigned before.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"

extern "C" {
#include "graph/offset_assignment.h"
}

namespace {

using Blocks = std::vector<gli_memory_block>;

struct Result {
    size_t bytes        = 0;
    int64_t comparisons = 0;
};

class Offsets : public testing::Test {
   protected:
    void SetUp() override { ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx_), GLIA_OK); }
    void TearDown() override { glia_context_destroy(ctx_); }
    Result assign(Blocks &blocks) {
        int steps = 1;
        Result result;
        for (const gli_memory_block &b : blocks) steps = std::max(steps, b.last + 1);
        EXPECT_EQ(
            gli_assign_offsets(ctx_, blocks.data(), int(blocks.size()), steps, &result.bytes, &result.comparisons),
            GLIA_OK);
        return result;
    }
    glia_context *ctx_ = nullptr;
};

bool coexist(const gli_memory_block &a, const gli_memory_block &b) { return a.first <= b.last && b.first <= a.last; }

size_t best_fit(const gli_memory_block &block, const Blocks &by_offset) {
    size_t best = SIZE_MAX, best_gap = SIZE_MAX, end = 0;
    for (const gli_memory_block &b : by_offset) {
        if (!coexist(b, block)) continue;
        if (b.offset > end && b.offset - end >= block.bytes && b.offset - end < best_gap)
            best = end, best_gap = b.offset - end;
        end = std::max(end, b.offset + b.bytes);
    }
    return best != SIZE_MAX ? best : end;
}

Blocks assign_by_scans(const Blocks &blocks) {
    Blocks out = blocks, by_offset;
    std::vector<size_t> order(blocks.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return out[a].bytes > out[b].bytes; });
    for (size_t i : order) {
        out[i].offset   = best_fit(out[i], by_offset);
        const auto next = std::upper_bound(by_offset.begin(), by_offset.end(), out[i],
                                           [](const auto &a, const auto &b) { return a.offset < b.offset; });
        by_offset.insert(next, out[i]);
    }
    return out;
}

size_t size_of(const Blocks &blocks) {
    size_t bytes = 0;
    for (const gli_memory_block &b : blocks) bytes = std::max(bytes, b.offset + b.bytes);
    return bytes;
}

void expect_sound(const Blocks &blocks) {
    for (size_t a = 0; a < blocks.size(); ++a)
        for (size_t b = 0; b < a; ++b)
            ASSERT_TRUE(!coexist(blocks[a], blocks[b]) || blocks[a].offset + blocks[a].bytes <= blocks[b].offset ||
                        blocks[b].offset + blocks[b].bytes <= blocks[a].offset)
                << a << " and " << b;
}

// The sizes are few, so that some are equal and gaps fit exactly.
Blocks random_blocks(std::mt19937_64 &rng, int n, int sizes) {
    const int steps = 1 + int(rng() % 100);
    Blocks blocks(static_cast<size_t>(n));
    for (gli_memory_block &b : blocks) {
        const int a = int(rng() % uint64_t(steps)), length = rng() % 3 ? int(rng() % 5) : int(rng() % uint64_t(steps));
        b = {64 * (1 + rng() % uint64_t(sizes)), a, std::min(a + length, steps - 1), 0};
    }
    return blocks;
}

TEST_F(Offsets, are_those_of_a_scan_over_all_blocks) {
    std::mt19937_64 rng(1);
    for (int round = 0; round < 2000; ++round) {
        Blocks blocks     = random_blocks(rng, 1 + int(rng() % 100), 1 + int(rng() % 40));
        const Blocks want = assign_by_scans(blocks);
        const Result got  = assign(blocks);
        ASSERT_EQ(got.bytes, size_of(want)) << "round " << round;
        for (size_t i = 0; i < blocks.size(); ++i)
            ASSERT_EQ(blocks[i].offset, want[i].offset) << "round " << round << " block " << i;
    }
}

// More gaps than are kept.
TEST_F(Offsets, of_many_blocks_waste_little) {
    std::mt19937_64 rng(2);
    for (int round = 0; round < 5; ++round) {
        Blocks blocks     = random_blocks(rng, 3000, 1000);
        const size_t want = size_of(assign_by_scans(blocks));
        const Result got  = assign(blocks);
        expect_sound(blocks);
        EXPECT_EQ(got.bytes, size_of(blocks));
        EXPECT_LE(double(got.bytes), 1.1 * double(want)) << "round " << round;
    }
}

TEST_F(Offsets, of_no_blocks_need_no_memory) {
    Blocks none;
    EXPECT_EQ(assign(none).bytes, 0u);
}

TEST_F(Offsets, beyond_memory_are_refused) {
    Blocks blocks = {{PTRDIFF_MAX / 2 + 64, 0, 1, 0}, {PTRDIFF_MAX / 2, 1, 1, 0}};
    size_t bytes;
    EXPECT_EQ(gli_assign_offsets(ctx_, blocks.data(), 2, 2, &bytes, nullptr), GLIA_OUT_OF_MEMORY);
    EXPECT_STREQ(glia_message(ctx_), "out of memory: the plan's buffer would be larger than memory can be");
}

struct Pattern {
    const char *name;
    Blocks (*make)(int n);
};

// Four times as many blocks cost little more than four times the work.
TEST_F(Offsets, cost_n_log_n) {
    const Pattern patterns[] = {
        {"inference: each lives for two steps",
         [](int n) {
             Blocks blocks;
             for (int i = 0; i < n; ++i) blocks.push_back({64 * size_t(1 + i * 37 % 101), i, i + 1, 0});
             return blocks;
         }},
        {"training: forward results live until their gradient",
         [](int n) {
             Blocks blocks;
             for (int i = 0; i < n; ++i) blocks.push_back({64 * size_t(1 + i * 37 % 101), i, 2 * n - i, 0});
             return blocks;
         }},
        {"training with results of one size",
         [](int n) {
             Blocks blocks;
             for (int i = 0; i < n; ++i) blocks.push_back({64, i, 2 * n - i, 0});
             for (int i = 0; i < n; ++i) blocks.push_back({64, 2 * n - i, 2 * n - i + 1, 0});
             return blocks;
         }},
        {"all live all the time",
         [](int n) {
             Blocks blocks;
             for (int i = 0; i < n; ++i) blocks.push_back({64 * size_t(1 + i), 0, n, 0});
             return blocks;
         }},
        {"random lives, some long",
         [](int n) {
             std::mt19937_64 rng(3);
             Blocks blocks;
             for (int i = 0; i < n; ++i) {
                 const int first = int(rng() % uint64_t(n)), length = int(rng() % (i % 10 ? 50 : 1000));
                 blocks.push_back({64 * (1 + rng() % 1000), first, std::min(first + length, n), 0});
             }
             return blocks;
         }},
    };
    for (const Pattern &pattern : patterns) {
        Blocks few = pattern.make(5000), many = pattern.make(20000);
        const double ratio = double(assign(many).comparisons) / double(assign(few).comparisons);
        EXPECT_LT(ratio, 6) << pattern.name;
    }
}

}  // namespace
