/* Device memory out of a few large cudaMalloc calls: ranges of chunks, first fit, neighbours joined when they are given
 * back. cudaMalloc and cudaFree stop the whole device; this does not. */
#ifndef GLIA_CUDA_DEVICE_MEMORY_POOL_H
#define GLIA_CUDA_DEVICE_MEMORY_POOL_H

#include "core/memory.h"

enum { GLIA_CUDA_ALIGNMENT = 256 }; /* as cudaMalloc's */

typedef struct glia_cuda_range {
    struct glia_cuda_range *next; /* behind this one, in the chunk */
    char *data;
    size_t bytes;
    bool used;
} glia_cuda_range;

typedef struct glia_cuda_chunk {
    struct glia_cuda_chunk *next;
    glia_cuda_range *first;
    void *data;
    size_t bytes;
} glia_cuda_chunk;

typedef struct glia_cuda_pool {
    glia_cuda_chunk *chunks;
    size_t chunk_bytes; /* the least that is asked of cudaMalloc; 0: each block is exactly one cudaMalloc */
} glia_cuda_pool;

glia_status glia_cuda_alloc(glia_context *ctx, size_t bytes, const char *what, glia_block *out);
void glia_cuda_release(glia_context *ctx, glia_block *block);

/* Gives chunks of which nothing is used back to the device; all of them when the context closes. */
void glia_cuda_pool_trim(glia_context *ctx);
void glia_cuda_pool_close(glia_context *ctx);

#endif
