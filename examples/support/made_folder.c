#define _XOPEN_SOURCE 700
#include "support/made_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/example.h"

enum { PATH = MADE_PATH + 64 };

static void path_of(const made_folder *what, const char *dir, int c, int i, char *path) {
    snprintf(path, PATH, "%s/%s/%03d%s", dir, what->classes[c], i, what->ending);
}

static glia_status make_class(glia_context *ctx, const made_folder *what, const char *dir, int c) {
    char path[PATH];
    uint64_t state = (uint64_t)c + 1;
    snprintf(path, sizeof path, "%s/%s", dir, what->classes[c]);
    if (mkdir(path, 0700) != 0) return perror(path), GLIA_IO_ERROR;
    for (int i = 0; i < what->each; ++i) {
        path_of(what, dir, c, i, path);
        GLIA_TRY(what->make(ctx, c, &state, path));
    }
    return GLIA_OK;
}

glia_status make_folder(glia_context *ctx, const made_folder *what, char dir[MADE_PATH]) {
    const char *temporary = getenv("TMPDIR");
    const int length =
        snprintf(dir, MADE_PATH, "%s/%s-XXXXXX", temporary && *temporary ? temporary : "/tmp", what->name);
    if (length >= MADE_PATH || !mkdtemp(dir)) {
        fprintf(stderr, "no folder can be made in %s\n", dir);
        dir[0] = '\0';
        return GLIA_IO_ERROR;
    }
    for (int c = 0; c < what->n_classes; ++c) GLIA_TRY(make_class(ctx, what, dir, c));
    return GLIA_OK;
}

void remove_folder(const made_folder *what, const char *dir) {
    char path[PATH];
    for (int c = 0; c < what->n_classes && *dir; ++c) {
        for (int i = 0; i < what->each; ++i) {
            path_of(what, dir, c, i, path);
            unlink(path);
        }
        snprintf(path, sizeof path, "%s/%s", dir, what->classes[c]);
        rmdir(path);
    }
    if (*dir) rmdir(dir);
}
