/* A file that is read once, from front to back. gzip is recognised by the file's first bytes, whatever its name. */
#ifndef GLIA_IO_INPUT_H
#define GLIA_IO_INPUT_H

#include <stdio.h>

#include "core/context_impl.h"

struct glia_gzip;

typedef struct glia_input {
    glia_context *ctx;
    const char *path; /* the caller's */
    FILE *file;
    uint64_t size;          /* bytes of the file */
    uint64_t used;          /* bytes read so far, unpacked */
    struct glia_gzip *gzip; /* NULL: plain */
} glia_input;

/* Messages name the path. After a failure there is nothing to close. */
glia_status glia_input_open(glia_context *ctx, const char *path, glia_input *out);
void glia_input_close(glia_input *in);

/* Reads exactly so many bytes; GLIA_BAD_FORMAT where the file ends before. what: "the header". */
glia_status glia_input_read(glia_input *in, void *to, size_t bytes, const char *what);

/* Fails unless the file can go on for exactly `bytes` more, so that memory is taken only for what is there. Of a
 * gzipped file only bounds are known before it is unpacked: what its size can hold, and max_bytes. */
glia_status glia_input_expect(const glia_input *in, uint64_t bytes, uint64_t max_bytes);

/* The bytes that a file has, unpacked: for formats that do not say so themselves. A gzipped file is unpacked for it,
 * and may hold no more than max_bytes. */
glia_status glia_input_measure(glia_context *ctx, const char *path, uint64_t max_bytes, uint64_t *bytes);

/* Fails unless everything was read, and, of a gzipped file, its checksum holds. */
glia_status glia_input_end(glia_input *in);

/* The gzip side: io/zlib/gzip.c, or io/no_zlib/gzip_none.c in a build without zlib. got less than bytes: the file is
 * over. */
glia_status glia_gzip_open(const glia_input *in, struct glia_gzip **out);
glia_status glia_gzip_read(const glia_input *in, void *to, size_t bytes, size_t *got);
void glia_gzip_close(glia_context *ctx, struct glia_gzip *gzip);

/* GLIA_NOT_FOUND or GLIA_IO_ERROR with "PATH: No such file or directory". */
glia_status glia_fail_file(glia_context *ctx, const char *path, int error);

#endif
