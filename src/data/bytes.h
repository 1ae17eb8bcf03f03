/* A block of memory that grows at its end. */
#ifndef GLIA_DATA_BYTES_H
#define GLIA_DATA_BYTES_H

#include "core/memory.h"

typedef struct glia_bytes {
    glia_block block;
    size_t used;
} glia_bytes;

/* Appends `bytes` of data. what: for the message when there is no memory. */
glia_status glia_bytes_append(glia_context *ctx, glia_bytes *to, const void *data, size_t bytes, const char *what);

#endif
