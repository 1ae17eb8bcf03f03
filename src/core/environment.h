/* Variables of the environment that steer the library. */
#ifndef GLI_CORE_ENVIRONMENT_H
#define GLI_CORE_ENVIRONMENT_H

#include <stdbool.h>

/* NULL in a program that runs with more rights than its caller, such as one that is set-uid: its environment is the
 * caller's. */
const char *gli_trusted_variable(const char *name);

/* Whether the loader's own path, LD_LIBRARY_PATH, has only absolute folders: with others a bare name is looked for
 * in the current directory. */
bool gli_loader_path_is_absolute(void);

#endif
