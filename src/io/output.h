/* A file that is replaced atomically: it is written to a temporary file in the same folder, which is renamed at the
 * end. Readers see the old file until the rename. Of a symbolic link, what it names is replaced; the new file has the
 * permissions of the old one. */
#ifndef GLI_IO_OUTPUT_H
#define GLI_IO_OUTPUT_H

#include <stdio.h>

#include "core/context_impl.h"
#include "core/quiet_signals.h"

typedef struct gli_output {
    glia_context *ctx;
    const char *path;            /* the caller's */
    gli_block target, temporary; /* the path behind symbolic links, and that of the temporary file */
    FILE *file;
    gli_quiet_signals quiet; /* from the first call to the last one */
} gli_output;

/* Messages begin with the path. After a failure there is nothing to close. The thread that opens an output closes it.
 */
glia_status gli_output_open(glia_context *ctx, const char *path, gli_output *out);

glia_status gli_output_write(gli_output *out, const void *from, size_t bytes);

/* Closes the output. After GLIA_OK the file is on the disk under its name; otherwise nothing has changed. */
glia_status gli_output_commit(gli_output *out);

/* Closes the output and deletes the temporary file. */
void gli_output_abandon(gli_output *out);

/* What the names of temporary files end with. */
#define GLI_OUTPUT_SUFFIX ".part"

/* Whether nobody is writing this temporary file: its process has died. */
bool gli_output_was_left(const char *path);

#endif
