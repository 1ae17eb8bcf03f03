/* Elementwise functions of arrays that repeat their elements along some axes, and sums over those axes. */
#ifndef GLI_KERNELS_DEVICE_BROADCAST_H
#define GLI_KERNELS_DEVICE_BROADCAST_H

#include "glia/tensor.h"

enum { GLI_BROADCAST_ARRAYS = 4 };

/* Axes, outermost first; `ndim` may be 0. stride[k]: of array k, in elements, 0 where it repeats. */
typedef struct gli_axes {
    int ndim, count; /* count: the product of dim */
    int dim[GLIA_MAX_DIMS];
    int64_t stride[GLI_BROADCAST_ARRAYS][GLIA_MAX_DIMS];
} gli_axes;

#endif
