/* A folder with a folder for each class, for programs that make their data themselves: in TMPDIR or /tmp, and removed
 * at the end. */
#ifndef GLI_EXAMPLES_MADE_FOLDER_H
#define GLI_EXAMPLES_MADE_FOLDER_H

#include <glia/glia.h>

enum { MADE_PATH = 256 };

typedef struct made_folder {
    const char *name, *ending; /* of the folder, and of its files, with the dot */
    const char *const *classes;
    int n_classes, each; /* files of a class */
    /* Writes a file of class c; state: for draw. */
    glia_status (*make)(glia_context *ctx, int c, uint64_t *state, const char *path);
} made_folder;

/* Its path goes to dir; "": there is none. */
glia_status make_folder(glia_context *ctx, const made_folder *what, char dir[MADE_PATH]);
void remove_folder(const made_folder *what, const char *dir);

#endif
