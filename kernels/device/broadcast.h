/* Elementwise functions of arrays that repeat their elements along some axes, and sums over those axes. */
#ifndef GLIA_KERNELS_DEVICE_BROADCAST_H
#define GLIA_KERNELS_DEVICE_BROADCAST_H

#include "glia/tensor.h"

enum { GLIA_BROADCAST_OPERANDS = 4 };

/* Axes, outermost first; `ndim` may be 0. stride[o]: of operand o, in elements, 0 where it repeats. */
typedef struct glia_axes {
    int ndim, count; /* count: the product of the sizes */
    int dim[GLIA_MAX_DIMS];
    int64_t stride[GLIA_BROADCAST_OPERANDS][GLIA_MAX_DIMS];
} glia_axes;

#endif
