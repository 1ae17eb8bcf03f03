/* Bytes of a file in memory, or of a part of one, that are about to be understood. */
#ifndef GLI_IO_BYTES_H
#define GLI_IO_BYTES_H

#include "core/context_impl.h"

typedef struct gli_named_bytes {
    glia_context *ctx;
    const char *where; /* what messages begin with: "PATH", or "PATH: 'NAME'" */
    const unsigned char *data;
    size_t size;
} gli_named_bytes;

static inline uint64_t gli_little_endian(const unsigned char *from, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) value |= (uint64_t)from[i] << 8 * i;
    return value;
}

static inline void gli_put_little_endian(unsigned char *to, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) to[i] = (unsigned char)(value >> 8 * i);
}

#endif
