/* Memory of a context: the user's or the standard allocator, with a count of the bytes allocated. */
#ifndef GLI_CORE_MEMORY_H
#define GLI_CORE_MEMORY_H

#include "glia/context.h"

enum { GLI_ALIGNMENT = 64 }; /* a cache line, and the widest vector */

typedef struct gli_memory {
    glia_allocator allocator;
    size_t allocated, peak; /* atomic */
} gli_memory;

/* A block stores its size, which users' allocators get on release. */
typedef struct gli_block {
    void *data;
    size_t bytes;
} gli_block;

/* Adds to the bytes allocated, or subtracts, and raises the peak. Tensors may be destroyed by one thread while another
 * uses their context. */
void gli_memory_count(gli_memory *memory, size_t bytes);
void gli_memory_uncount(gli_memory *memory, size_t bytes);
size_t gli_memory_allocated(const gli_memory *memory);
size_t gli_memory_peak(const gli_memory *memory);

void gli_memory_init(gli_memory *memory, const glia_allocator *allocator); /* NULL: the standard one */

/* Host memory at GLI_ALIGNMENT, uninitialised; count * size may not overflow. A message names what it was for:
 * "out of memory: 1234 bytes for the plan's buffer". Zero bytes give a block with data NULL. */
glia_status gli_block_alloc(glia_context *ctx, size_t count, size_t size, const char *what, gli_block *out);

/* The same for a thread that may not use the context: without a message, false where there is no memory. It may free
 * blocks, too. */
bool gli_block_try(gli_memory *memory, size_t bytes, gli_block *out);
void gli_block_free(glia_context *ctx, gli_block *block);

/* The same with zeros, as a plain pointer to a struct or array that is freed with its size. */
glia_status gli_new(glia_context *ctx, size_t count, size_t size, const char *what, void **out);
void gli_free(glia_context *ctx, void *memory, size_t count, size_t size);

/* Grows an array of *capacity elements to hold at least `needed`, keeping its content; new elements are zero. array is
 * the address of the pointer to it, whatever its type. */
glia_status gli_grow(glia_context *ctx, void *array, int *capacity, int needed, size_t size, const char *what);

#endif
