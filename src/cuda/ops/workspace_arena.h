/* A workspace that holds several arrays, one after the other. */
#ifndef GLI_CUDA_OPS_WORKSPACE_ARENA_H
#define GLI_CUDA_OPS_WORKSPACE_ARENA_H

#include "core/size.h"
#include "cuda/device/memory_pool.h"

typedef struct gli_cuda_arena {
    char *workspace; /* NULL: it only counts */
    size_t used;
} gli_cuda_arena;

/* The next array, at a multiple of GLI_CUDA_ALIGNMENT; NULL where there is no workspace. */
static inline void *gli_cuda_arena_take(gli_cuda_arena *arena, int64_t elements, size_t size) {
    void *array = arena->workspace ? arena->workspace + arena->used : NULL;
    arena->used += gli_align_up((size_t)elements * size, GLI_CUDA_ALIGNMENT);
    return array;
}

#endif
