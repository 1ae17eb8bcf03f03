#include "core/arena.h"

#include <stdalign.h>
#include <string.h>

#include "core/size.h"

typedef struct gli_arena_chunk {
    struct gli_arena_chunk *next;
    size_t bytes, used; /* the chunk itself included */
} chunk;

enum { CHUNK_BYTES = 16384 };

static const size_t header = (sizeof(chunk) + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);

static glia_status new_chunk(glia_context *ctx, size_t bytes, chunk **out) {
    void *memory = NULL;
    GLI_TRY(gli_new(ctx, 1, bytes, "a graph", &memory));
    *out  = memory;
    **out = (chunk){.bytes = bytes, .used = header};
    return GLIA_OK;
}

/* A large allocation gets its own chunk, after the current one in the list. */
static glia_status chunk_for(glia_context *ctx, gli_arena *arena, size_t bytes, chunk **out) {
    chunk *first = arena->chunks;
    *out         = first;
    if (first && first->bytes - first->used >= bytes) return GLIA_OK;
    const bool large = bytes > CHUNK_BYTES / 4;
    GLI_TRY(new_chunk(ctx, large ? bytes + header : CHUNK_BYTES, out));
    (*out)->next = large && first ? first->next : first;
    if (large && first)
        first->next = *out;
    else
        arena->chunks = *out;
    return GLIA_OK;
}

glia_status gli_arena_alloc(glia_context *ctx, gli_arena *arena, size_t count, size_t size, void **out) {
    size_t bytes;
    chunk *from = NULL;
    GLI_REQUIRE(ctx, gli_mul_size(count, size, &bytes) && bytes <= PTRDIFF_MAX / 2, GLIA_OUT_OF_MEMORY,
                "out of memory: %zu times %zu bytes for a graph", count, size);
    bytes = gli_align_up(bytes, alignof(max_align_t));
    GLI_TRY(chunk_for(ctx, arena, bytes, &from));
    *out = (char *)from + from->used;
    from->used += bytes;
    return GLIA_OK;
}

glia_status gli_arena_strdup(glia_context *ctx, gli_arena *arena, const char *text, const char **out) {
    *out = NULL;
    if (!text) return GLIA_OK;
    const size_t bytes = strlen(text) + 1;
    void *memory       = NULL;
    GLI_TRY(gli_arena_alloc(ctx, arena, bytes, 1, &memory));
    memcpy(memory, text, bytes);
    *out = memory;
    return GLIA_OK;
}

void gli_arena_free(glia_context *ctx, gli_arena *arena) {
    while (arena->chunks) {
        chunk *first  = arena->chunks;
        arena->chunks = first->next;
        gli_free(ctx, first, 1, first->bytes);
    }
}
