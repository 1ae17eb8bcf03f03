/* IDX: the array format of MNIST. Big-endian: two zero bytes, a type code, the number of dimensions, a 32-bit size for
 * each, then the elements row-major. */
#ifndef GLIA_IO_IDX_H
#define GLIA_IO_IDX_H

#include "core/memory.h"
#include "glia/tensor.h"

typedef struct glia_idx {
    glia_dtype dtype; /* u8, f32, f64, and i32 for the three signed integer types */
    int ndim;         /* at least 1 */
    int64_t dim[GLIA_MAX_DIMS];
    glia_block data; /* the caller's to free */
} glia_idx;

glia_status glia_idx_read(glia_context *ctx, const char *path, size_t max_bytes, glia_idx *out);

#endif
