/* A file that is written as a whole or not at all: to a temporary file in the same folder, which takes the name at the
 * end. Whoever opens the path meanwhile finds what stood there before. */
#ifndef GLIA_IO_OUTPUT_H
#define GLIA_IO_OUTPUT_H

#include <stdio.h>

#include "core/context_impl.h"

typedef struct glia_output {
    glia_context *ctx;
    const char *path;     /* the caller's */
    glia_block temporary; /* the path of the file that is written */
    FILE *file;
} glia_output;

/* Messages name the path. After a failure there is nothing to close. */
glia_status glia_output_open(glia_context *ctx, const char *path, glia_output *out);

glia_status glia_output_write(glia_output *out, const void *from, size_t bytes);

/* Ends the output. With GLIA_OK the file is on the disk under its name, otherwise nothing was changed. */
glia_status glia_output_commit(glia_output *out);

/* Ends the output and leaves nothing behind. */
void glia_output_abandon(glia_output *out);

#endif
