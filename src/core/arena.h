/* Memory that is given back all at once: what a graph's nodes and a plan's steps are made of. */
#ifndef GLI_CORE_ARENA_H
#define GLI_CORE_ARENA_H

#include "core/context_impl.h"

typedef struct gli_zone {
    struct gli_zone_chunk *chunks;
} gli_zone;

/* count elements of zeros, aligned for any type. Zero elements give a pointer that may not be read. */
glia_status gli_zone_new(glia_context *ctx, gli_zone *zone, size_t count, size_t size, void **out);

/* A copy of the text; NULL stays NULL. */
glia_status gli_zone_text(glia_context *ctx, gli_zone *zone, const char *text, const char **out);

void gli_zone_free(glia_context *ctx, gli_zone *zone);

#endif
