#define _POSIX_C_SOURCE 200809L
#include "fortunes.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_OUT = 10 };

/* The files of fortunes have names without a dot; those with one are indices and links. */
static int holds_fortunes(const struct dirent *entry) { return strchr(entry->d_name, '.') == NULL; }

/* Copies a file's fortunes to the streams of their parts, with the line "%" that ends each. */
static void read_file(const char *folder, const char *name, long *fortunes, FILE *const part[2]) {
    char path[4096], *line = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    while (file && getline(&line, &size, file) >= 0) {
        fputs(line, part[*fortunes % HELD_OUT == 0 ? GLIA_PART_TEST : GLIA_PART_TRAIN]);
        *fortunes += strcmp(line, "%\n") == 0;
    }
    free(line);
    if (file) fclose(file);
}

bool read_fortunes(const char *folder, long files, glia_text text[2]) {
    struct dirent **entry;
    char *data[2] = {NULL, NULL};
    FILE *part[2];
    long fortunes   = 0;
    const int count = scandir(folder, &entry, holds_fortunes, alphasort);
    for (int p = 0; p < 2; ++p) part[p] = open_memstream(&data[p], &text[p].bytes);
    for (int i = 0; i < count; ++i) {
        if (i < files && part[GLIA_PART_TRAIN] && part[GLIA_PART_TEST])
            read_file(folder, entry[i]->d_name, &fortunes, part);
        free(entry[i]);
    }
    if (count >= 0) free(entry);
    for (int p = 0; p < 2; ++p) {
        if (part[p]) fclose(part[p]);
        text[p].data = data[p];
    }
    return fortunes > HELD_OUT;
}
