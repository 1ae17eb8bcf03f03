/* What the benches share with one another as programs. */
#ifndef GLI_BENCH_PROGRAM_H
#define GLI_BENCH_PROGRAM_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Returns the status of what failed. */
#define TRY(expression)                               \
    do {                                              \
        const glia_status try_status = (expression);  \
        if (try_status != GLIA_OK) return try_status; \
    } while (0)

/* Whether an argument is --help; then it has printed the usage. */
static inline bool bench_helped(int argc, char **argv, const char *usage) {
    for (int i = 1; i < argc; ++i)
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout) >= 0;
    return false;
}

#endif
