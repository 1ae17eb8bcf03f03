/* A build without zlib. */
#include "io/input.h"

glia_status gli_gzip_open(const gli_input *in, struct gli_gzip **out) {
    (void)out;
    return gli_fail(in->ctx, GLIA_UNSUPPORTED, "%s: is gzipped, and this build has no zlib: unpack it first", in->path);
}

glia_status gli_gzip_read(const gli_input *in, void *to, size_t bytes, size_t *got) {
    (void)to, (void)bytes, (void)got;
    return gli_fail(in->ctx, GLIA_UNSUPPORTED, "%s: this build has no zlib", in->path);
}

void gli_gzip_close(glia_context *ctx, struct gli_gzip *gzip) { (void)ctx, (void)gzip; }
