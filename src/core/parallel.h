/* Loops that a context's threads share. */
#ifndef GLI_CORE_PARALLEL_H
#define GLI_CORE_PARALLEL_H

#include "glia/context.h"

/* Runs body(arg, begin, end) over 0 .. count-1, in chunks of `grain` elements (the last may be shorter). The chunks
 * depend on count and grain only, never on the number of threads: a body that writes one result for each chunk gives
 * the same bits on any number of threads. Chunks run in any order, several at a time. */
void gli_parallel(const glia_context *ctx, int64_t count, int64_t grain,
                  void (*body)(void *arg, int64_t begin, int64_t end), void *arg);

#endif
