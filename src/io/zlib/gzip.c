/* Unpacks gzip with zlib: with a loop of its own, because gzread ignores garbage after the last member and allocates
 * memory that the context does not count. */
#include <errno.h>
#include <limits.h>

#include "io/input.h"
#include "io/zlib/zlib_memory.h"

enum { CHUNK = 1 << 16 };

typedef struct gli_gzip {
    z_stream stream;
    bool member_ended; /* and its checksum was right */
    unsigned char chunk[CHUNK];
} gli_gzip;

static glia_status translate(const gli_input *in, const z_stream *stream, int result) {
    if (result == Z_MEM_ERROR) return GLIA_OUT_OF_MEMORY; /* allocate has set the message */
    return gli_fail(in->ctx, GLIA_BAD_FORMAT, "%s: broken gzip: %s", in->path,
                    stream->msg ? stream->msg : "it needs a dictionary");
}

glia_status gli_gzip_open(const gli_input *in, struct gli_gzip **out) {
    enum { WINDOW = 15, GZIP_ONLY = 16 };
    void *memory;
    GLI_TRY(gli_new(in->ctx, 1, sizeof(gli_gzip), "unpacking gzip", &memory));
    gli_gzip *gzip = memory;
    gli_zlib_use_memory(&gzip->stream, in->ctx);
    const int result = inflateInit2(&gzip->stream, WINDOW + GZIP_ONLY);
    if (result != Z_OK) {
        const glia_status status = translate(in, &gzip->stream, result);
        gli_free(in->ctx, gzip, 1, sizeof *gzip);
        return status;
    }
    *out = gzip;
    return GLIA_OK;
}

void gli_gzip_close(glia_context *ctx, struct gli_gzip *gzip) {
    if (!gzip) return;
    inflateEnd(&gzip->stream);
    gli_free(ctx, gzip, 1, sizeof *gzip);
}

static glia_status refill(const gli_input *in) {
    z_stream *stream = &in->gzip->stream;
    if (stream->avail_in > 0) return GLIA_OK;
    stream->next_in  = in->gzip->chunk;
    stream->avail_in = (uInt)fread(in->gzip->chunk, 1, CHUNK, in->file);
    return stream->avail_in == 0 && ferror(in->file) ? gli_fail_file(in->ctx, in->path, errno) : GLIA_OK;
}

/* Between and after members there may be zeros, with which tapes and block devices fill their last block. */
static glia_status skip_zeros(const gli_input *in) {
    z_stream *stream = &in->gzip->stream;
    do {
        GLI_TRY(refill(in));
        for (; stream->avail_in > 0 && *stream->next_in == 0; --stream->avail_in) ++stream->next_in;
    } while (stream->avail_in == 0 && !feof(in->file));
    return GLIA_OK;
}

glia_status gli_gzip_read(const gli_input *in, void *to, size_t bytes, size_t *got) {
    gli_gzip *gzip   = in->gzip;
    z_stream *stream = &gzip->stream;
    *got             = 0;
    while (*got < bytes) {
        GLI_TRY(gzip->member_ended ? skip_zeros(in) : refill(in));
        if (stream->avail_in == 0) {
            GLI_REQUIRE(in->ctx, gzip->member_ended, GLIA_BAD_FORMAT, "%s: truncated: gzip data ends in the middle",
                        in->path);
            return GLIA_OK;
        }
        if (gzip->member_ended) inflateReset(stream); /* only another member may follow */
        const uInt capacity = (uInt)(bytes - *got < INT_MAX ? bytes - *got : INT_MAX);
        stream->next_out    = (unsigned char *)to + *got;
        stream->avail_out   = capacity;
        const int result    = inflate(stream, Z_NO_FLUSH);
        gzip->member_ended  = result == Z_STREAM_END;
        *got += capacity - stream->avail_out;
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return translate(in, stream, result);
    }
    return GLIA_OK;
}
