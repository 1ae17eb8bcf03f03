/* Folders that hold the files of a well-known set under their usual names. */
#ifndef GLI_DATA_FOLDER_H
#define GLI_DATA_FOLDER_H

#include "glia/data.h"

enum { GLI_PATH_BYTES = 4096 };

/* The folder to look in: `folder`, or GLIA_DATA_DIR where that is NULL. Fails unless it exists and part is a glia_part.
 * function: the caller's name, for messages. */
glia_status gli_data_folder(glia_context *ctx, const char *function, const char *folder, glia_part part,
                            const char **out);

/* Writes the path of the first that exists of name, name.gz, other and other.gz into path, which has GLI_PATH_BYTES.
 * other may be NULL. */
glia_status gli_data_file(glia_context *ctx, const char *folder, const char *name, const char *other, char *path);

#endif
