/* What every example has: the library, and an end that says what was wrong. */
#ifndef GLI_EXAMPLES_EXAMPLE_H
#define GLI_EXAMPLES_EXAMPLE_H

#include <glia/glia.h>
#include <stdio.h>

/* Says what failed, on standard error. Returns the program's exit code: 0, or 1 for a failure. ctx may be NULL. */
static inline int example_end(const char *program, glia_status status, const glia_context *ctx) {
    if (status == GLIA_OK) return 0;
    fprintf(stderr, "%s: %s: %s\n", program, glia_status_name(status), glia_message(ctx));
    return 1;
}

#endif
