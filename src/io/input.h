/* A file that is read once, from the beginning to the end. gzip is recognised by the first bytes, not by the name. */
#ifndef GLI_IO_INPUT_H
#define GLI_IO_INPUT_H

#include <stdio.h>
#include <sys/stat.h>

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

/* Messages begin with the path. After a failure there is nothing to close. */
glia_status gli_input_open(glia_context *ctx, const char *path, gli_input *out);
void gli_input_close(gli_input *in);

/* Reads exactly this many bytes; GLIA_BAD_FORMAT if the file is shorter. what: "the header". */
glia_status gli_input_read(gli_input *in, void *to, size_t bytes, const char *what);

/* As many of these bytes as there are. */
glia_status gli_input_some(gli_input *in, void *to, size_t bytes, size_t *got);

/* Fails unless exactly `bytes` can follow, so that memory is allocated only for content that exists. For a gzipped file
 * only bounds are known before it is unpacked: what its size can hold, and max_bytes. */
glia_status gli_input_expect(const gli_input *in, uint64_t bytes, uint64_t max_bytes);

/* The unpacked size of a file, for formats without a header. A gzipped file is unpacked to find out, and must not
 * exceed max_bytes. */
glia_status gli_input_measure(glia_context *ctx, const char *path, uint64_t max_bytes, uint64_t *bytes);

/* Reads a whole file, unpacked, of at most max_bytes. */
glia_status gli_input_whole(glia_context *ctx, const char *path, uint64_t max_bytes, gli_block *out);

/* Fails unless everything was read and, of a gzipped file, the checksum is right. */
glia_status gli_input_end(gli_input *in);

/* The gzip side: io/zlib/gzip.c, or io/no_zlib/gzip_none.c in a build without zlib. got < bytes: the end of the
 * file. */
glia_status gli_gzip_open(const gli_input *in, struct gli_gzip **out);
glia_status gli_gzip_read(const gli_input *in, void *to, size_t bytes, size_t *got);
void gli_gzip_close(glia_context *ctx, struct gli_gzip *gzip);

/* Fails for folders, devices and pipes. */
glia_status gli_check_regular(glia_context *ctx, const char *path, const struct stat *info);

/* GLIA_NOT_FOUND, GLIA_OUT_OF_MEMORY or GLIA_IO_ERROR with "PATH: No such file or directory". */
glia_status gli_fail_file(glia_context *ctx, const char *path, int error);

/* The status and the words of an errno that a path gave, for threads that may not use the context. */
enum { GLI_FILE_TEXT = 160 };
glia_status gli_file_status(int error, const char *path, char text[GLI_FILE_TEXT]);

/* Fails for what is no folder. */
glia_status gli_check_folder(glia_context *ctx, const char *path, const struct stat *info);

/* What is no file: "a folder", "a device or a pipe"; NULL: a file. */
const char *gli_file_kind(const struct stat *info);

#endif
