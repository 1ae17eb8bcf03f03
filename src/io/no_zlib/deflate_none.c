/* A build without zlib. */
#include "io/zip.h"

glia_status gli_inflate(const gli_named_bytes *in, void *to, size_t size) {
    (void)to, (void)size;
    return gli_fail(in->ctx, GLIA_UNSUPPORTED, "%s: is compressed, and this build has no zlib", in->where);
}

glia_status gli_deflate(glia_context *ctx, const char *where, const gli_zip_part parts[GLI_ZIP_PARTS], gli_block *out,
                        size_t *bytes) {
    (void)parts, (void)out, (void)bytes;
    return gli_fail(ctx, GLIA_UNSUPPORTED, "%s: cannot be compressed: this build has no zlib", where);
}
