#include "cuda/ops/broadcast_axes.h"

static int64_t stride_of(const gli_cuda_array *o, int ndim, int axis) {
    const int own = axis - (ndim - o->ndim);
    return own < 0 || (o->repeated >> axis & 1) ? 0 : o->stride[own];
}

/* Appends axis `axis` of y, merged with the axis before it where the strides of all arrays allow that. An axis of size
 * 1 adds nothing. */
static void add(gli_axes *axes, int ndim, const int *dim, int axis, int n, const gli_cuda_array *arrays) {
    axes->count *= dim[axis];
    if (dim[axis] == 1) return;
    bool one = axes->ndim > 0;
    for (int o = 0; o < n && one; ++o)
        one = axes->stride[o][axes->ndim - 1] == dim[axis] * stride_of(&arrays[o], ndim, axis);
    const int last  = one ? axes->ndim - 1 : axes->ndim++;
    axes->dim[last] = one ? axes->dim[last] * dim[axis] : dim[axis];
    for (int o = 0; o < n; ++o) axes->stride[o][last] = stride_of(&arrays[o], ndim, axis);
}

static void finish(gli_axes *axes) {
    if (axes->count == 0) axes->ndim = 0;
}

gli_axes gli_cuda_broadcast_axes(int ndim, const int *dim, int n, const gli_cuda_array *arrays) {
    int order[GLIA_MAX_DIMS];
    gli_axes axes = {.count = 1};
    for (int i = 0; i < ndim; ++i) {
        int j = i;
        for (; j > 0 && stride_of(&arrays[0], ndim, order[j - 1]) < stride_of(&arrays[0], ndim, i); --j)
            order[j] = order[j - 1];
        order[j] = i;
    }
    for (int i = 0; i < ndim; ++i) add(&axes, ndim, dim, order[i], n, arrays);
    finish(&axes);
    return axes;
}

gli_cuda_sum_axes gli_cuda_broadcast_sum_axes(int ndim, const int *dim, unsigned repeated, int n,
                                              const gli_cuda_array *arrays) {
    gli_cuda_sum_axes axes = {.kept.count = 1, .summed.count = 1};
    for (int i = 0; i < ndim; ++i) {
        const bool summed = repeated >> i & 1;
        add(summed ? &axes.summed : &axes.kept, ndim, dim, i, n, arrays);
        if (dim[i] != 1) axes.kept_innermost = !summed;
    }
    finish(&axes.kept);
    finish(&axes.summed);
    return axes;
}
