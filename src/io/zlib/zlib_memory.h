/* zlib with the memory of a context. */
#ifndef GLI_IO_ZLIB_MEMORY_H
#define GLI_IO_ZLIB_MEMORY_H

#include <zlib.h>

#include "glia/context.h"

/* Before the stream begins. Where there is no memory, zlib gives Z_MEM_ERROR, and the context has the message. */
void gli_zlib_use_memory(z_stream *stream, glia_context *ctx);

#endif
