/* Finding the files of well-known datasets. */
#define _POSIX_C_SOURCE 200809L
#include "data/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/context_impl.h"
#include "io/input.h"

glia_status gli_data_folder(glia_context *ctx, const char *function, const char *folder, glia_part part,
                            const char **out) {
    struct stat info;
    if (!folder) folder = getenv("GLIA_DATA_DIR");
    GLI_REQUIRE(ctx, folder && *folder, GLIA_NOT_FOUND, "%s: no folder is given, and GLIA_DATA_DIR names none",
                function);
    GLI_REQUIRE(ctx, part == GLIA_PART_TRAIN || part == GLIA_PART_TEST, GLIA_INVALID_ARGUMENT, "%s: invalid part %d",
                function, (int)part);
    if (stat(folder, &info) != 0) return gli_fail_file(ctx, folder, errno);
    GLI_TRY(gli_check_folder(ctx, folder, &info));
    *out = folder;
    return GLIA_OK;
}

glia_status gli_data_file(glia_context *ctx, const char *folder, const char *name, const char *alternative,
                          char *path) {
    const char *const names[] = {name, alternative}, *const endings[] = {"", ".gz"};
    const int n_names = alternative ? 2 : 1;
    for (int i = 0; i < 2 * n_names; ++i) {
        struct stat info;
        const int length = snprintf(path, GLI_PATH_BYTES, "%s/%s%s", folder, names[i / 2], endings[i % 2]);
        GLI_REQUIRE(ctx, length > 0 && length < GLI_PATH_BYTES, GLIA_INVALID_ARGUMENT,
                    "the path of a data folder has %zu bytes, which is too long", strlen(folder));
        if (stat(path, &info) == 0 || errno != ENOENT) return GLIA_OK; /* opening it reports other errors */
    }
    return gli_fail(ctx, GLIA_NOT_FOUND, "%s: has no %s%s%s, with or without .gz", folder, name,
                    alternative ? " or " : "", alternative ? alternative : "");
}
