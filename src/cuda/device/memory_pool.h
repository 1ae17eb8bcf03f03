/* Device memory out of a few large cudaMalloc calls: ranges of chunks, first fit, neighbours joined when they are given
 * back. cudaMalloc and cudaFree stop the whole device; this does not. */
#ifndef GLI_CUDA_DEVICE_MEMORY_POOL_H
#define GLI_CUDA_DEVICE_MEMORY_POOL_H

#include "core/memory.h"

enum { GLI_CUDA_ALIGNMENT = 256 }; /* as cudaMalloc's */

typedef struct gli_cuda_range {
    struct gli_cuda_range *next; /* behind this one, in the chunk */
    char *data;
    size_t bytes;
    bool used;
} gli_cuda_range;

typedef struct gli_cuda_chunk {
    struct gli_cuda_chunk *next;
    gli_cuda_range *first;
    void *data;
    size_t bytes;
} gli_cuda_chunk;

typedef struct gli_cuda_pool {
    gli_cuda_chunk *chunks;
    size_t chunk_bytes; /* the minimum for a cudaMalloc; 0: each block is exactly one cudaMalloc */
} gli_cuda_pool;

glia_status gli_cuda_alloc(glia_context *ctx, size_t bytes, const char *what, gli_block *out);
void gli_cuda_release(glia_context *ctx, gli_block *block);

/* Gives chunks of which nothing is used back to the device; all of them when the context closes. */
void gli_cuda_pool_trim(glia_context *ctx);
void gli_cuda_pool_close(glia_context *ctx);

#endif
