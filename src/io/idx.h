/* IDX: the array format of MNIST. Big-endian: two zero bytes, a type code, the number of dimensions, a 32-bit size for
 * each, then the elements row-major. */
#ifndef GLI_IO_IDX_H
#define GLI_IO_IDX_H

#include "core/memory.h"
#include "glia/tensor.h"

typedef struct gli_idx {
    glia_dtype dtype; /* u8, f32, f64, and i32 for the three signed integer types */
    int ndim;         /* at least 1 */
    int64_t dim[GLIA_MAX_DIMS];
    gli_block data; /* the caller's to free */
} gli_idx;

glia_status gli_idx_read(glia_context *ctx, const char *path, size_t max_bytes, gli_idx *out);

#endif
