#include "cuda/device/memory_pool.h"

#include "core/size.h"
#include "cuda/device/cuda_device.h"

/* The pool's own records are no part of what tensors and plans hold, and do not count as such. */
static glia_status new_record(glia_context *ctx, size_t bytes, void **out) {
    GLI_TRY(gli_new(ctx, 1, bytes, "a record of device memory", out));
    gli_memory_uncount(&ctx->memory, bytes);
    return GLIA_OK;
}

static void free_record(glia_context *ctx, void *record, size_t bytes) {
    gli_free(ctx, record, 1, bytes);
    gli_memory_count(&ctx->memory, bytes);
}

static void free_ranges(glia_context *ctx, gli_cuda_range *range) {
    while (range) {
        gli_cuda_range *next = range->next;
        free_record(ctx, range, sizeof *range);
        range = next;
    }
}

/* What the device says on release is of no use: a lost device fails every call, and its memory is gone with it. */
static void free_chunk(glia_context *ctx, gli_cuda_chunk *chunk) {
    free_ranges(ctx, chunk->first);
    cudaFree(chunk->data);
    free_record(ctx, chunk, sizeof *chunk);
}

static bool unused(const gli_cuda_chunk *chunk) { return !chunk->first->used && !chunk->first->next; }

void gli_cuda_pool_trim(glia_context *ctx) {
    for (gli_cuda_chunk **link = &gli_cuda_of(ctx)->pool.chunks; *link;) {
        gli_cuda_chunk *chunk = *link;
        if (unused(chunk)) {
            *link = chunk->next;
            free_chunk(ctx, chunk);
        } else {
            link = &chunk->next;
        }
    }
}

void gli_cuda_pool_close(glia_context *ctx) {
    gli_cuda_pool *pool = &gli_cuda_of(ctx)->pool;
    while (pool->chunks) {
        gli_cuda_chunk *chunk = pool->chunks;
        pool->chunks          = chunk->next;
        free_chunk(ctx, chunk);
    }
}

static glia_status new_range(glia_context *ctx, char *data, size_t bytes, gli_cuda_range *next, gli_cuda_range **out) {
    void *memory;
    GLI_TRY(new_record(ctx, sizeof **out, &memory));
    *out  = memory;
    **out = (gli_cuda_range){.next = next, .data = data, .bytes = bytes};
    return GLIA_OK;
}

static glia_status allocate(glia_context *ctx, size_t bytes, void **out) {
    GLI_CUDA_TRY(ctx, cudaMalloc(out, bytes));
    return GLIA_OK;
}

static size_t used_bytes(const gli_cuda_pool *pool) {
    size_t sum = 0;
    for (const gli_cuda_chunk *chunk = pool->chunks; chunk; chunk = chunk->next)
        for (const gli_cuda_range *range = chunk->first; range; range = range->next)
            if (range->used) sum += range->bytes;
    return sum;
}

/* What the context holds is counted on the device: its memory.allocated counts the host's too, and can exceed the
 * total. */
static glia_status out_of_memory(glia_context *ctx, size_t bytes, const char *what) {
    size_t available = 0, total = 0;
    cudaMemGetInfo(&available, &total);
    return gli_fail(ctx, GLIA_OUT_OF_MEMORY,
                    "out of memory on %s: %zu bytes for %s; %zu of its %zu are free, this context holds %zu",
                    ctx->device_name, bytes, what, available, total, used_bytes(&gli_cuda_of(ctx)->pool));
}

/* Memory for a chunk of at least `bytes`: when that of a usual chunk is not there, what lies idle is given back, and no
 * more is taken than is needed. */
static glia_status allocate_chunk(glia_context *ctx, size_t bytes, const char *what, gli_cuda_chunk *chunk) {
    const size_t usual = gli_cuda_of(ctx)->pool.chunk_bytes;
    chunk->bytes       = bytes > usual ? bytes : usual;
    glia_status status = allocate(ctx, chunk->bytes, &chunk->data);
    if (status != GLIA_OUT_OF_MEMORY) return status;
    gli_cuda_pool_trim(ctx);
    chunk->bytes = bytes;
    status       = allocate(ctx, chunk->bytes, &chunk->data);
    if (status == GLIA_OK) gli_forget_failure(ctx); /* that of the first try */
    return status == GLIA_OUT_OF_MEMORY ? out_of_memory(ctx, bytes, what) : status;
}

/* A chunk for at least `bytes`, first in the list. */
static glia_status add_chunk(glia_context *ctx, size_t bytes, const char *what) {
    gli_cuda_pool *pool = &gli_cuda_of(ctx)->pool;
    void *memory;
    GLI_TRY(new_record(ctx, sizeof(gli_cuda_chunk), &memory));
    gli_cuda_chunk *chunk = memory;
    glia_status status    = allocate_chunk(ctx, bytes, what, chunk);
    if (status == GLIA_OK) status = new_range(ctx, chunk->data, chunk->bytes, NULL, &chunk->first);
    if (status != GLIA_OK) {
        free_chunk(ctx, chunk);
        return status;
    }
    chunk->next  = pool->chunks;
    pool->chunks = chunk;
    return GLIA_OK;
}

static gli_cuda_range *find(gli_cuda_pool *pool, size_t bytes) {
    for (gli_cuda_chunk *chunk = pool->chunks; chunk; chunk = chunk->next)
        for (gli_cuda_range *range = chunk->first; range; range = range->next)
            if (!range->used && range->bytes >= bytes) return range;
    return NULL;
}

static glia_status take(glia_context *ctx, gli_cuda_range *range, size_t bytes) {
    if (range->bytes > bytes)
        GLI_TRY(new_range(ctx, range->data + bytes, range->bytes - bytes, range->next, &range->next));
    range->bytes = bytes;
    range->used  = true;
    return GLIA_OK;
}

glia_status gli_cuda_alloc(glia_context *ctx, size_t bytes, const char *what, gli_block *out) {
    gli_cuda_pool *pool = &gli_cuda_of(ctx)->pool;
    *out                = (gli_block){0};
    if (bytes == 0) return GLIA_OK;
    GLI_TRY(gli_cuda_usable(ctx));
    /* Without chunks the size is exact, so that tools see the first byte behind a tensor. */
    const size_t whole = pool->chunk_bytes ? gli_align_up(bytes, GLI_CUDA_ALIGNMENT) : bytes;
    GLI_REQUIRE(ctx, whole != SIZE_MAX, GLIA_OUT_OF_MEMORY, "out of memory on %s: %zu bytes for %s", ctx->device_name,
                bytes, what);
    gli_cuda_range *range = pool->chunk_bytes ? find(pool, whole) : NULL;
    if (!range) {
        GLI_TRY(add_chunk(ctx, whole, what));
        range = pool->chunks->first;
    }
    GLI_TRY(take(ctx, range, whole));
    *out = (gli_block){range->data, bytes};
    gli_memory_count(&ctx->memory, bytes);
    return GLIA_OK;
}

/* Marks the range that begins at data as free and joins it with free neighbours. */
static bool give_back(glia_context *ctx, gli_cuda_chunk *chunk, const void *data) {
    gli_cuda_range *before = NULL;
    for (gli_cuda_range *range = chunk->first; range; before = range, range = range->next) {
        if (range->data != data || !range->used) continue;
        range->used          = false;
        gli_cuda_range *next = range->next;
        if (next && !next->used) {
            range->bytes += next->bytes;
            range->next = next->next;
            free_record(ctx, next, sizeof *next);
        }
        if (before && !before->used) {
            before->bytes += range->bytes;
            before->next = range->next;
            free_record(ctx, range, sizeof *range);
        }
        return true;
    }
    return false;
}

/* Work that still uses the memory was started earlier on the one stream; whatever gets the memory next is started
 * later. So a range can be given out again at once. */
void gli_cuda_release(glia_context *ctx, gli_block *block) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    for (gli_cuda_chunk *chunk = cuda->pool.chunks; block->data && chunk; chunk = chunk->next) {
        if (!give_back(ctx, chunk, block->data)) continue;
        gli_memory_uncount(&ctx->memory, block->bytes);
        if (cuda->pool.chunk_bytes == 0) gli_cuda_pool_trim(ctx);
        break;
    }
    *block = (gli_block){0};
}
