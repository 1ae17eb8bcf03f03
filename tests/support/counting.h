// A user's allocator that knows every block it gave, and can fail the Nth.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>

#include "glia/context.h"

namespace glia {

struct CountingAllocator {
    enum class Fails { never, once, for_good };

    Fails fails  = Fails::never;
    long before  = 0;  // allocations that succeed before the first that fails
    long calls   = 0;
    long refused = 0;
    size_t limit = SIZE_MAX;  // of what may be held
    size_t held = 0, largest = 0;
    std::map<void *, size_t> blocks;
    std::mutex lock;

    glia_allocator api() { return {alloc, release, this}; }
    void fail(Fails how, long after) {
        fails = how, before = after;
        calls = refused = 0;
    }

    static void *alloc(void *user, size_t bytes, size_t alignment) {
        auto *self = static_cast<CountingAllocator *>(user);
        std::lock_guard<std::mutex> guard(self->lock);
        const long call = self->calls++;
        if ((self->fails == Fails::once && call == self->before) ||
            (self->fails == Fails::for_good && call >= self->before))
            return ++self->refused, nullptr;
        if (bytes > self->limit - std::min(self->limit, self->held)) return ++self->refused, nullptr;
        EXPECT_GT(bytes, 0u);
        EXPECT_EQ(alignment & (alignment - 1), 0u) << alignment;
        EXPECT_LE(alignment, 4096u);
        void *memory         = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
        self->blocks[memory] = bytes;
        self->held += bytes;
        self->largest = std::max(self->largest, self->held);
        return memory;
    }
    static void release(void *user, void *memory, size_t bytes) {
        auto *self = static_cast<CountingAllocator *>(user);
        std::lock_guard<std::mutex> guard(self->lock);
        const auto it = self->blocks.find(memory);
        ASSERT_NE(it, self->blocks.end()) << "release of memory that was never given";
        EXPECT_EQ(it->second, bytes) << "release tells another size than alloc";
        self->held -= it->second;
        self->blocks.erase(it);
        std::free(memory);
    }
};

}  // namespace glia
