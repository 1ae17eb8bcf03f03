/* An array of indices as launchers take it. */
#ifndef GLIA_KERNELS_DEVICE_INDICES_H
#define GLIA_KERNELS_DEVICE_INDICES_H

#include "glia/tensor.h"

typedef struct glia_indices {
    const void *data;
    glia_dtype dtype; /* i32 or i64 */
} glia_indices;

#endif
