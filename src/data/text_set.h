/* Texts that differ, numbered as they come, and found by a hash. */
#ifndef GLI_DATA_TEXT_SET_H
#define GLI_DATA_TEXT_SET_H

#include "core/memory.h"

typedef struct gli_text_set {
    int n;
    char *text; /* one after the other, each ended by a zero */
    int text_capacity, used;
    int *begin; /* of each, in text */
    int begin_capacity;
    int *slots; /* numbers from 1, a power of two of them; 0: free */
    int n_slots;
} gli_text_set;

/* The number of a text, -1: it is none of them. */
int gli_text_set_find(const gli_text_set *names, const char *text);

/* The same; a text that is none of them becomes the last one. */
glia_status gli_text_set_add(glia_context *ctx, gli_text_set *names, const char *text, int *out);

static inline const char *gli_text_set_text(const gli_text_set *names, int i) { return names->text + names->begin[i]; }

void gli_text_set_free(glia_context *ctx, gli_text_set *names);

#endif
