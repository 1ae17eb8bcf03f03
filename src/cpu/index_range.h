/* Tensors of indices, i32 or i64, on the CPU. */
#ifndef GLI_CPU_INDEX_RANGE_H
#define GLI_CPU_INDEX_RANGE_H

#include "core/provider.h"

/* Element i in row-major order, exactly: not through a double. */
int64_t gli_index_load(const glia_tensor *tensor, int64_t i);

/* The indices that a call accepts: low .. high - 1, and one that is ignored. */
typedef struct gli_index_range {
    int64_t low, high;
    bool ignore;
    int64_t ignored;
} gli_index_range;

/* Fails with the first element of input i that is out of range. All providers that read indices call this first. */
glia_status gli_index_check(const gli_call *call, int i, gli_index_range range);

#endif
