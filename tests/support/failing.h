// An allocator that fails the Nth allocation, to walk through every way of running out of memory.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>

#include "support/internals.h"

namespace glia {

struct FailingAllocator {
    long left    = -1;  // allocations until one fails; -1: none does
    size_t bytes = 0;   // held now

    glia_allocator api() { return {alloc, release, this}; }

    static void *alloc(void *user, size_t bytes, size_t alignment) {
        auto *self = static_cast<FailingAllocator *>(user);
        if (self->left == 0) return nullptr;
        if (self->left > 0) --self->left;
        self->bytes += bytes;
        return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    }
    static void release(void *user, void *memory, size_t bytes) {
        static_cast<FailingAllocator *>(user)->bytes -= bytes;
        std::free(memory);
    }
};

// Runs work(context) with 0, 1, 2, ... allocations allowed until it succeeds. Every failure must be
// GLIA_OUT_OF_MEMORY with a message, and give back all memory. Returns how often it failed.
inline int fail_every_allocation(const std::function<glia_status(glia_context *)> &work) {
    for (int allowed = 0;; ++allowed) {
        FailingAllocator allocator;
        glia_context_args args = {};
        args.allocator         = allocator.api();
        args.threads           = 1;
        glia_context *ctx      = nullptr;
        EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
        const size_t before      = allocator.bytes;
        allocator.left           = allowed;
        const glia_status status = work(ctx);
        allocator.left           = -1;
        if (status != GLIA_OK) {
            EXPECT_EQ(status, GLIA_OUT_OF_MEMORY) << glia_message(ctx);
            EXPECT_NE(std::string(glia_message(ctx)).find("out of memory"), std::string::npos) << glia_message(ctx);
            gli_prepared_trim(ctx);
            EXPECT_EQ(allocator.bytes, before) << "after failing allocation " << allowed;
        }
        glia_context_destroy(ctx);
        EXPECT_EQ(allocator.bytes, 0u) << "after failing allocation " << allowed;
        if (status != GLIA_OUT_OF_MEMORY || testing::Test::HasFailure()) return allowed;
    }
}

}  // namespace glia
