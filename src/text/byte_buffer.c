#include "text/byte_buffer.h"

#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"

static glia_status enlarge(glia_context *ctx, gli_byte_buffer *to, size_t needed, const char *what) {
    const size_t doubled = to->block.bytes < SIZE_MAX / 2 ? 2 * to->block.bytes : SIZE_MAX;
    gli_block larger;
    GLI_TRY(gli_block_alloc(ctx, doubled > needed ? doubled : needed, 1, what, &larger));
    if (to->used > 0) memcpy(larger.data, to->block.data, to->used);
    gli_block_free(ctx, &to->block);
    to->block = larger;
    return GLIA_OK;
}

glia_status gli_byte_buffer_append(glia_context *ctx, gli_byte_buffer *to, const void *data, size_t bytes,
                                   const char *what) {
    size_t needed;
    if (bytes == 0) return GLIA_OK;
    GLI_REQUIRE(ctx, gli_add_size(to->used, bytes, &needed), GLIA_OUT_OF_MEMORY,
                "out of memory: %zu and %zu bytes for %s", to->used, bytes, what);
    if (needed > to->block.bytes) GLI_TRY(enlarge(ctx, to, needed, what));
    memcpy((char *)to->block.data + to->used, data, bytes);
    to->used = needed;
    return GLIA_OK;
}
