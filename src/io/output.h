/* A file that is written as a whole or not at all: to a temporary file in the same folder, which takes the name at the
 * end. Whoever opens the path meanwhile finds what stood there before. */
#ifndef GLI_IO_OUTPUT_H
#define GLI_IO_OUTPUT_H

#include <stdio.h>

#include "core/context_impl.h"

typedef struct gli_output {
    glia_context *ctx;
    const char *path;    /* the caller's */
    gli_block temporary; /* the path of the file that is written */
    FILE *file;
} gli_output;

/* Messages name the path. After a failure there is nothing to close. */
glia_status gli_output_open(glia_context *ctx, const char *path, gli_output *out);

glia_status gli_output_write(gli_output *out, const void *from, size_t bytes);

/* Ends the output. With GLIA_OK the file is on the disk under its name, otherwise nothing was changed. */
glia_status gli_output_commit(gli_output *out);

/* Ends the output and leaves nothing behind. */
void gli_output_abandon(gli_output *out);

#endif
