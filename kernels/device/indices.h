/* An array of indices as launchers take it. */
#ifndef GLI_KERNELS_DEVICE_INDICES_H
#define GLI_KERNELS_DEVICE_INDICES_H

#include "glia/tensor.h"

typedef struct gli_indices {
    const void *data;
    glia_dtype dtype; /* i32 or i64 */
} gli_indices;

#endif
