// Memory of which there is little, and which is counted, so that huge shapes are refused and not computed.
#pragma once

#include <algorithm>
#include <cstdlib>

#include "glia/context.h"

namespace glia {

struct CountedMemory {
    size_t cap;
    size_t held = 0, most = 0;

    explicit CountedMemory(size_t at_most) : cap(at_most) {}
    glia_allocator api() { return {alloc, release, this}; }

    static void *alloc(void *user, size_t bytes, size_t alignment) {
        auto *memory = static_cast<CountedMemory *>(user);
        if (bytes > memory->cap - memory->held) return nullptr;
        void *out = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
        if (out) memory->held += bytes;
        memory->most = std::max(memory->most, memory->held);
        return out;
    }
    static void release(void *user, void *block, size_t bytes) {
        static_cast<CountedMemory *>(user)->held -= bytes;
        free(block);
    }
};

}  // namespace glia
