/* A byte array that grows at its end. */
#ifndef GLI_TEXT_BYTE_BUFFER_H
#define GLI_TEXT_BYTE_BUFFER_H

#include "core/memory.h"

typedef struct gli_byte_buffer {
    gli_block block;
    size_t used;
} gli_byte_buffer;

/* what: for the message when memory runs out. */
glia_status gli_byte_buffer_append(glia_context *ctx, gli_byte_buffer *to, const void *data, size_t bytes,
                                   const char *what);

#endif
