/* Deflate without a header, as ZIP has it. */
#include <limits.h>
#include <string.h>

#include "core/memory.h"
#include "core/size.h"
#include "io/zip.h"
#include "io/zlib/zlib_memory.h"

enum { RAW = -15 }; /* the largest window, and neither header nor checksum */

static glia_status unpack(z_stream *stream, const gli_named_bytes *in, void *to, size_t size) {
    size_t read = 0, made = 0;
    int result = Z_OK;
    unsigned char none;
    stream->next_out = size > 0 ? to : &none;
    while (result == Z_OK) {
        const uInt in_now  = (uInt)gli_min_size(in->size - read, INT_MAX),
                   out_now = (uInt)gli_min_size(size - made, INT_MAX);
        stream->next_in    = (unsigned char *)(uintptr_t)(in->data + read);
        stream->avail_in = in_now, stream->avail_out = out_now;
        result = inflate(stream, Z_NO_FLUSH);
        read += in_now - stream->avail_in;
        made += out_now - stream->avail_out;
    }
    if (result == Z_MEM_ERROR) return GLIA_OUT_OF_MEMORY;
    GLI_REQUIRE(in->ctx, result == Z_STREAM_END && read == in->size && made == size, GLIA_BAD_FORMAT,
                "%s: broken deflate: %s after %zu of %zu bytes, of %zu of %zu packed ones", in->where,
                stream->msg              ? stream->msg
                : result == Z_STREAM_END ? "ends"
                                         : "does not end",
                made, size, read, in->size);
    return GLIA_OK;
}

glia_status gli_inflate(const gli_named_bytes *in, void *to, size_t size) {
    z_stream stream = {0};
    gli_zlib_use_memory(&stream, in->ctx);
    if (inflateInit2(&stream, RAW) != Z_OK) return GLIA_OUT_OF_MEMORY; /* with its message */
    const glia_status status = unpack(&stream, in, to, size);
    inflateEnd(&stream);
    return status;
}

/* The output has room for all, so zlib stops for nothing but the end of a part. */
static glia_status pack(z_stream *stream, glia_context *ctx, const char *where, const gli_zip_part parts[GLI_ZIP_PARTS],
                        gli_block *out, size_t *bytes) {
    uLong size = 0;
    for (int i = 0; i < GLI_ZIP_PARTS; ++i) size += (uLong)parts[i].bytes;
    GLI_TRY(gli_block_alloc(ctx, (size_t)deflateBound(stream, size), 1, where, out));
    stream->next_out  = out->data;
    stream->avail_out = (uInt)gli_min_size(out->bytes, UINT_MAX);
    int result        = Z_OK;
    for (int i = 0; i < GLI_ZIP_PARTS && result == Z_OK; ++i) {
        stream->next_in  = (unsigned char *)(uintptr_t)parts[i].data;
        stream->avail_in = (uInt)parts[i].bytes;
        result           = deflate(stream, i + 1 < GLI_ZIP_PARTS ? Z_NO_FLUSH : Z_FINISH);
    }
    *bytes = stream->total_out;
    if (result == Z_STREAM_END) return GLIA_OK;
    gli_block_free(ctx, out);
    return gli_fail(ctx, GLIA_UNSUPPORTED, "%s: %lu bytes are too many to be packed", where, size);
}

glia_status gli_deflate(glia_context *ctx, const char *where, const gli_zip_part parts[GLI_ZIP_PARTS], gli_block *out,
                        size_t *bytes) {
    enum { MEMORY_LEVEL = 8 };
    z_stream stream = {0};
    gli_zlib_use_memory(&stream, ctx);
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return GLIA_OUT_OF_MEMORY;
    const glia_status status = pack(&stream, ctx, where, parts, out, bytes);
    deflateEnd(&stream);
    return status;
}
