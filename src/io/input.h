/* A file that is read once, from front to back. gzip is recognised by the file's first bytes, whatever its name. */
#ifndef GLI_IO_INPUT_H
#define GLI_IO_INPUT_H

#include <stdio.h>

#include "core/context_impl.h"

struct gli_gzip;

typedef struct gli_input {
    glia_context *ctx;
    const char *path; /* the caller's */
    FILE *file;
    uint64_t size;         /* bytes of the file */
    uint64_t used;         /* bytes read so far, unpacked */
    struct gli_gzip *gzip; /* NULL: plain */
} gli_input;

/* Messages name the path. After a failure there is nothing to close. */
glia_status gli_input_open(glia_context *ctx, const char *path, gli_input *out);
void gli_input_close(gli_input *in);

/* Reads exactly so many bytes; GLIA_BAD_FORMAT where the file ends before. what: "the header". */
glia_status gli_input_read(gli_input *in, void *to, size_t bytes, const char *what);

/* Fails unless the file can go on for exactly `bytes` more, so that memory is taken only for what is there. Of a
 * gzipped file only bounds are known before it is unpacked: what its size can hold, and max_bytes. */
glia_status gli_input_expect(const gli_input *in, uint64_t bytes, uint64_t max_bytes);

/* The bytes that a file has, unpacked: for formats that do not say so themselves. A gzipped file is unpacked for it,
 * and may hold no more than max_bytes. */
glia_status gli_input_measure(glia_context *ctx, const char *path, uint64_t max_bytes, uint64_t *bytes);

/* Fails unless everything was read, and, of a gzipped file, its checksum holds. */
glia_status gli_input_end(gli_input *in);

/* The gzip side: io/zlib/gzip.c, or io/no_zlib/gzip_none.c in a build without zlib. got less than bytes: the file is
 * over. */
glia_status gli_gzip_open(const gli_input *in, struct gli_gzip **out);
glia_status gli_gzip_read(const gli_input *in, void *to, size_t bytes, size_t *got);
void gli_gzip_close(glia_context *ctx, struct gli_gzip *gzip);

/* GLIA_NOT_FOUND or GLIA_IO_ERROR with "PATH: No such file or directory". */
glia_status gli_fail_file(glia_context *ctx, const char *path, int error);

#endif
