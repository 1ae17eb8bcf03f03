#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"

static void *standard_alloc(void *user, size_t bytes, size_t alignment) {
    (void)user;
    const size_t whole = gli_align_up(bytes, alignment);
    return whole == SIZE_MAX ? NULL : aligned_alloc(alignment, whole);
}

static void standard_release(void *user, void *memory, size_t bytes) {
    (void)user;
    (void)bytes;
    free(memory);
}

void gli_memory_init(gli_memory *memory, const glia_allocator *allocator) {
    const glia_allocator standard = {.alloc = standard_alloc, .release = standard_release};
    *memory                       = (gli_memory){.allocator = allocator && allocator->alloc ? *allocator : standard};
}

void gli_memory_count(gli_memory *memory, size_t bytes) {
    const size_t allocated = __atomic_add_fetch(&memory->allocated, bytes, __ATOMIC_RELAXED);
    size_t peak            = gli_memory_peak(memory);
    while (allocated > peak &&
           !__atomic_compare_exchange_n(&memory->peak, &peak, allocated, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

void gli_memory_uncount(gli_memory *memory, size_t bytes) {
    __atomic_fetch_sub(&memory->allocated, bytes, __ATOMIC_RELAXED);
}

size_t gli_memory_allocated(const gli_memory *memory) { return __atomic_load_n(&memory->allocated, __ATOMIC_RELAXED); }
size_t gli_memory_peak(const gli_memory *memory) { return __atomic_load_n(&memory->peak, __ATOMIC_RELAXED); }

bool gli_block_try(gli_memory *memory, size_t bytes, gli_block *out) {
    *out = (gli_block){0};
    if (bytes == 0) return true;
    void *data = memory->allocator.alloc(memory->allocator.user, bytes, GLI_ALIGNMENT);
    if (!data) return false;
    gli_memory_count(memory, bytes);
    *out = (gli_block){data, bytes};
    return true;
}

glia_status gli_block_alloc(glia_context *ctx, size_t count, size_t size, const char *what, gli_block *out) {
    size_t bytes;
    *out = (gli_block){0};
    GLI_REQUIRE(ctx, gli_mul_size(count, size, &bytes), GLIA_OUT_OF_MEMORY, "out of memory: %zu times %zu bytes for %s",
                count, size, what);
    GLI_REQUIRE(ctx, gli_block_try(&ctx->memory, bytes, out), GLIA_OUT_OF_MEMORY,
                "out of memory: %zu bytes for %s (the context holds %zu)", bytes, what,
                gli_memory_allocated(&ctx->memory));
    return GLIA_OK;
}

void gli_block_free(glia_context *ctx, gli_block *block) {
    if (block->data) {
        ctx->memory.allocator.release(ctx->memory.allocator.user, block->data, block->bytes);
        gli_memory_uncount(&ctx->memory, block->bytes);
    }
    *block = (gli_block){0};
}

glia_status gli_new(glia_context *ctx, size_t count, size_t size, const char *what, void **out) {
    gli_block block;
    GLI_TRY(gli_block_alloc(ctx, count, size, what, &block));
    if (block.data) memset(block.data, 0, block.bytes);
    *out = block.data;
    return GLIA_OK;
}

void gli_free(glia_context *ctx, void *memory, size_t count, size_t size) {
    if (memory) gli_block_free(ctx, &(gli_block){memory, count * size});
}

glia_status gli_grow(glia_context *ctx, void *array, int *capacity, int needed, size_t size, const char *what) {
    if (needed <= *capacity) return GLIA_OK;
    int larger_capacity = *capacity ? *capacity : 8;
    while (larger_capacity < needed) larger_capacity = larger_capacity > INT32_MAX / 2 ? needed : 2 * larger_capacity;
    void *old, *larger;
    GLI_TRY(gli_new(ctx, (size_t)larger_capacity, size, what, &larger));
    memcpy(&old, array, sizeof old); /* the pointer's own type is not known here */
    if (old) memcpy(larger, old, (size_t)*capacity * size);
    gli_free(ctx, old, (size_t)*capacity, size);
    memcpy(array, &larger, sizeof larger);
    *capacity = larger_capacity;
    return GLIA_OK;
}
