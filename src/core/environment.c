#define _GNU_SOURCE /* secure_getenv */
#include "core/environment.h"

#include <stdlib.h>
#include <string.h>

const char *gli_trusted_variable(const char *name) { return secure_getenv(name); }

bool gli_loader_path_is_absolute(void) {
    const char *path = getenv("LD_LIBRARY_PATH");
    if (!path || !*path) return true;
    for (;; path += strcspn(path, ":;") + 1) {
        if (*path != '/') return false; /* an empty entry is the current directory, too */
        if (path[strcspn(path, ":;")] == '\0') return true;
    }
}
