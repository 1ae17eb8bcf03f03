/* Offsets in one buffer for blocks of memory that are in use for a part of the time. */
#ifndef GLI_GRAPH_OFFSET_ASSIGNMENT_H
#define GLI_GRAPH_OFFSET_ASSIGNMENT_H

#include "core/context_impl.h"

typedef struct gli_memory_block {
    size_t bytes;
    int first, last; /* the lifetime: steps, both included */
    size_t offset;   /* the result */
} gli_memory_block;

/* Greedy by decreasing size: each block gets the smallest gap that it fits in, between the blocks before it whose
 * lifetimes overlap its own, or the first byte after them. Source: Pisarchyk, Lee, "Efficient memory management for
 * deep neural net inference", 2020.
 *
 * Lifetimes are in 0 .. steps - 1, sizes above 0. bytes: of the buffer. comparisons: how much work it was; NULL: not
 * requested. GLIA_OUT_OF_MEMORY also if the buffer would be larger than memory can be. */
glia_status gli_assign_offsets(glia_context *ctx, gli_memory_block *blocks, int n, int steps, size_t *bytes,
                               int64_t *comparisons);

#endif
