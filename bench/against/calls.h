/* The other end of bench/peers for programs that predict: answers as bench_train --serve does. */
#ifndef GLI_BENCH_CALLS_H
#define GLI_BENCH_CALLS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct samples {
    float *values;
    size_t size, count; /* numbers of a sample, samples */
} samples;

/* All numbers of a file; NULL: it cannot be read. */
static inline float *read_numbers(const char *folder, const char *name, size_t *count) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file    = fopen(path, "rb");
    float *values = NULL;
    if (file && fseek(file, 0, SEEK_END) == 0) {
        *count = (size_t)ftell(file) / sizeof *values;
        values = (float *)malloc(*count * sizeof *values);
        rewind(file);
        if (values && fread(values, sizeof *values, *count, file) != *count) free(values), values = NULL;
    }
    if (file) fclose(file);
    if (!values) fprintf(stderr, "%s cannot be read\n", path);
    return values;
}

/* predict: the first number of the output for a sample. */
static inline void serve_calls(float (*predict)(void *user, const float *sample), void *user, const samples *x) {
    char line[64], what[16];
    long n;
    puts("ready"), fflush(stdout);
    while (fgets(line, sizeof line, stdin) && sscanf(line, "%15s %ld", what, &n) == 2) {
        const int timed = strcmp(what, "calls") == 0;
        struct timespec from, to;
        printf("%s", what);
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (long i = 0; i < n; ++i) {
            const float y = predict(user, x->values + (size_t)i % x->count * x->size);
            if (!timed) printf(" %.9g", (double)y);
        }
        clock_gettime(CLOCK_MONOTONIC, &to);
        if (timed) printf(" %.9f", (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec));
        puts(""), fflush(stdout);
    }
}

#endif
