/* Folders for programs that make their data themselves: in TMPDIR or /tmp, and removed at the end. */
#ifndef GLI_EXAMPLES_MADE_FOLDER_H
#define GLI_EXAMPLES_MADE_FOLDER_H

#include <glia/glia.h>

enum { MADE_PATH = 256 };

/* Makes an empty folder. Its path goes to dir; "": there is none, and standard error says why. */
glia_status make_empty_folder(const char *name, char dir[MADE_PATH]);

/* A folder with a folder for each class. */
typedef struct made_folder {
    const char *name, *ending; /* of the folder, and of its files, with the dot */
    const char *const *classes;
    int n_classes, each; /* files of a class */
    /* Writes a file of class c; state: for draw. */
    glia_status (*make)(glia_context *ctx, int c, uint64_t *state, const char *path);
} made_folder;

glia_status make_folder(glia_context *ctx, const made_folder *what, char dir[MADE_PATH]);

/* Removes it and all that is in it. "" is allowed. */
void remove_folder(const char *dir);

#endif
