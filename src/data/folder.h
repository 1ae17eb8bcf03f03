/* Folders with the files of a well-known dataset under their usual names. */
#ifndef GLI_DATA_FOLDER_H
#define GLI_DATA_FOLDER_H

#include "glia/data.h"

enum { GLI_PATH_BYTES = 4096 };

/* The folder to look in: `folder`, or GLIA_DATA_DIR where that is NULL. Fails unless it exists and part is a glia_part.
 * function: the caller's name, for messages. */
glia_status gli_data_folder(glia_context *ctx, const char *function, const char *folder, glia_part part,
                            const char **out);

/* Writes the path of the first of name, name.gz, alternative and alternative.gz that exists; path has GLI_PATH_BYTES.
 * alternative may be NULL. */
glia_status gli_data_file(glia_context *ctx, const char *folder, const char *name, const char *alternative, char *path);

#endif
