/* A block of memory that grows at its end. */
#ifndef GLI_DATA_BYTES_H
#define GLI_DATA_BYTES_H

#include "core/memory.h"

typedef struct gli_bytes {
    gli_block block;
    size_t used;
} gli_bytes;

/* Appends `bytes` of data. what: for the message when there is no memory. */
glia_status gli_bytes_append(glia_context *ctx, gli_bytes *to, const void *data, size_t bytes, const char *what);

#endif
