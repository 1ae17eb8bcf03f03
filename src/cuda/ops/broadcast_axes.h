/* Axes for the kernels of kernels/device/broadcast.h, from tensors aligned at their last axes. */
#ifndef GLI_CUDA_OPS_BROADCAST_AXES_H
#define GLI_CUDA_OPS_BROADCAST_AXES_H

#include "kernels/device/broadcast.h"

/* One array: `stride` of its own ndim axes; where bit i of `repeated` is set it has one element along axis i of y. */
typedef struct gli_cuda_array {
    int ndim;
    const int64_t *stride;
    unsigned repeated;
} gli_cuda_array;

/* All axes of y, of the sizes `dim`, in the order of y's memory; array 0 is y. */
gli_axes gli_cuda_broadcast_axes(int ndim, const int *dim, int n, const gli_cuda_array *arrays);

/* The axes of y that are kept where those in `repeated` are summed, and those that are summed, row-major. */
typedef struct gli_cuda_sum_axes {
    gli_axes kept, summed;
    bool kept_innermost; /* the innermost axis of y above 1 is a kept one */
} gli_cuda_sum_axes;
gli_cuda_sum_axes gli_cuda_broadcast_sum_axes(int ndim, const int *dim, unsigned repeated, int n,
                                              const gli_cuda_array *arrays);

#endif
