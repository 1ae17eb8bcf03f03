#define _XOPEN_SOURCE 700
#include "support/made_folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = MADE_PATH + 64 };

glia_status make_empty_folder(const char *name, char dir[MADE_PATH]) {
    const char *temporary = getenv("TMPDIR");
    const int length = snprintf(dir, MADE_PATH, "%s/%s-XXXXXX", temporary && *temporary ? temporary : "/tmp", name);
    if (length < MADE_PATH && mkdtemp(dir)) return GLIA_OK;
    fprintf(stderr, "no folder can be made as %s\n", dir);
    dir[0] = '\0';
    return GLIA_IO_ERROR;
}

static glia_status make_class(glia_context *ctx, const made_folder *what, const char *dir, int c) {
    char path[PATH];
    uint64_t state = (uint64_t)c + 1;
    snprintf(path, sizeof path, "%s/%s", dir, what->classes[c]);
    if (mkdir(path, 0700) != 0) return perror(path), GLIA_IO_ERROR;
    for (int i = 0; i < what->each; ++i) {
        snprintf(path, sizeof path, "%s/%s/%03d%s", dir, what->classes[c], i, what->ending);
        GLIA_TRY(what->make(ctx, c, &state, path));
    }
    return GLIA_OK;
}

glia_status make_folder(glia_context *ctx, const made_folder *what, char dir[MADE_PATH]) {
    GLIA_TRY(make_empty_folder(what->name, dir));
    for (int c = 0; c < what->n_classes; ++c) GLIA_TRY(make_class(ctx, what, dir, c));
    return GLIA_OK;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place) {
    (void)info, (void)kind, (void)place;
    return remove(path);
}

void remove_folder(const char *dir) {
    if (*dir) nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
