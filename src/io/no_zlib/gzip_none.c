/* A build without zlib. */
#include "io/input.h"

glia_status glia_gzip_open(const glia_input *in, struct glia_gzip **out) {
    (void)out;
    return glia_fail(in->ctx, GLIA_UNSUPPORTED, "%s: is gzipped, and this build has no zlib: unpack it first",
                     in->path);
}

glia_status glia_gzip_read(const glia_input *in, void *to, size_t bytes, size_t *got) {
    (void)to, (void)bytes, (void)got;
    return glia_fail(in->ctx, GLIA_UNSUPPORTED, "%s: this build has no zlib", in->path);
}

void glia_gzip_close(glia_context *ctx, struct glia_gzip *gzip) { (void)ctx, (void)gzip; }
