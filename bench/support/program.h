/* What the benches share with one another as programs. */
#ifndef GLI_BENCH_PROGRAM_H
#define GLI_BENCH_PROGRAM_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether an argument is --help; then it has printed the usage. */
static inline bool bench_helped(int argc, char **argv, const char *usage) {
    for (int i = 1; i < argc; ++i)
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout) >= 0;
    return false;
}

/* The exit code of a program with such an option. */
static inline int bench_refuse(const char *program, const char *option) {
    fprintf(stderr, "%s: %s is unknown, or its value is missing or not one that it takes; --help lists them\n", program,
            option);
    return 2;
}

/* A whole number from 1 to `high`. */
static inline bool bench_read_number(const char *text, long high, long *out) {
    char *end;
    *out = strtol(text, &end, 10);
    return end != text && *end == '\0' && *out >= 1 && *out <= high;
}

#endif
