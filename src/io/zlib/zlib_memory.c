#include "io/zlib/zlib_memory.h"

#include <string.h>

#include "core/memory.h"
#include "core/size.h"

/* zlib does not pass its size to the release, so a header before the memory has it. */
enum { HEADER = GLI_ALIGNMENT };

static voidpf allocate(voidpf ctx, uInt count, uInt size) {
    size_t bytes;
    gli_block block;
    if (!gli_mul_size(count, size, &bytes) || !gli_add_size(bytes, HEADER, &bytes)) return Z_NULL;
    if (gli_block_alloc(ctx, bytes, 1, "zlib", &block) != GLIA_OK) return Z_NULL;
    memset(block.data, 0, block.bytes);
    memcpy(block.data, &block, sizeof block);
    return (char *)block.data + HEADER;
}

static void release(voidpf ctx, voidpf memory) {
    gli_block block;
    memcpy(&block, (char *)memory - HEADER, sizeof block);
    gli_block_free(ctx, &block);
}

void gli_zlib_use_memory(z_stream *stream, glia_context *ctx) {
    stream->zalloc = allocate;
    stream->zfree  = release;
    stream->opaque = ctx;
}
