/* A bump allocator: memory that is freed all at once, for the nodes of a graph and the steps of a plan. */
#ifndef GLI_CORE_ARENA_H
#define GLI_CORE_ARENA_H

#include "core/context_impl.h"

typedef struct gli_arena {
    struct gli_arena_chunk *chunks;
} gli_arena;

/* count zeroed elements, aligned for any type. With count 0 the pointer must not be dereferenced. */
glia_status gli_arena_alloc(glia_context *ctx, gli_arena *arena, size_t count, size_t size, void **out);

/* A copy of the text; NULL for NULL. */
glia_status gli_arena_strdup(glia_context *ctx, gli_arena *arena, const char *text, const char **out);

void gli_arena_free(glia_context *ctx, gli_arena *arena);

#endif
