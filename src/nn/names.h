/* Names of a model's layers, inputs and weights, found without a scan. */
#ifndef GLI_NN_NAMES_H
#define GLI_NN_NAMES_H

#include "core/context_impl.h"

enum { GLI_NAME_SIZE = 64, GLI_NAME_LIMIT = 40 /* of a layer: its weights add a suffix */ };

typedef struct gli_name {
    char text[GLI_NAME_SIZE]; /* "": a free slot */
    int value;                /* what the owner keeps with it */
    int next;                 /* of a name that others were made of: the number of the next of them */
} gli_name;

/* An open-addressed hash table. Zeroed: empty. */
typedef struct gli_names {
    gli_name *slots;
    int capacity, count; /* capacity: a power of two */
} gli_names;

void gli_names_free(glia_context *ctx, gli_names *names);

gli_name *gli_names_find(const gli_names *names, const char *text); /* NULL: there is none */

glia_status gli_names_reserve(glia_context *ctx, gli_names *names); /* memory for one more */

/* Adds a name that is not there yet, for which memory was reserved. */
void gli_names_add(gli_names *names, const char *text, int value);

/* The first of "stem", "stem_1", "stem_2", ... that is not there. */
void gli_names_make(gli_names *names, const char *stem, char out[GLI_NAME_SIZE]);

#endif
