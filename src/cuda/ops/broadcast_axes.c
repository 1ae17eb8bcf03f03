#include "cuda/ops/broadcast_axes.h"

static int64_t stride_of(const gli_cuda_operand *o, int ndim, int axis) {
    const int own = axis - (ndim - o->ndim);
    return own < 0 || (o->repeated >> axis & 1) ? 0 : o->stride[own];
}

/* Adds axis `axis` of y behind the others. Of size 1, it adds nothing; if each operand's elements lie as though it were
 * one with the axis before, it becomes one with it. */
static void add(gli_axes *axes, int ndim, const int *dim, int axis, int n, const gli_cuda_operand *operands) {
    axes->count *= dim[axis];
    if (dim[axis] == 1) return;
    bool one = axes->ndim > 0;
    for (int o = 0; o < n && one; ++o)
        one = axes->stride[o][axes->ndim - 1] == dim[axis] * stride_of(&operands[o], ndim, axis);
    const int at  = one ? axes->ndim - 1 : axes->ndim++;
    axes->dim[at] = one ? axes->dim[at] * dim[axis] : dim[axis];
    for (int o = 0; o < n; ++o) axes->stride[o][at] = stride_of(&operands[o], ndim, axis);
}

static void finish(gli_axes *axes) {
    if (axes->count == 0) axes->ndim = 0;
}

gli_axes gli_cuda_broadcast_axes(int ndim, const int *dim, int n, const gli_cuda_operand *operands) {
    int order[GLIA_MAX_DIMS];
    gli_axes axes = {.count = 1};
    for (int i = 0; i < ndim; ++i) {
        int at = i;
        for (; at > 0 && stride_of(&operands[0], ndim, order[at - 1]) < stride_of(&operands[0], ndim, i); --at)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (int i = 0; i < ndim; ++i) add(&axes, ndim, dim, order[i], n, operands);
    finish(&axes);
    return axes;
}

gli_cuda_sum_axes gli_cuda_broadcast_sum_axes(int ndim, const int *dim, unsigned repeated, int n,
                                              const gli_cuda_operand *operands) {
    gli_cuda_sum_axes axes = {.kept.count = 1, .summed.count = 1};
    for (int i = 0; i < ndim; ++i) {
        const bool summed = repeated >> i & 1;
        add(summed ? &axes.summed : &axes.kept, ndim, dim, i, n, operands);
        if (dim[i] != 1) axes.kept_innermost = !summed;
    }
    finish(&axes.kept);
    finish(&axes.summed);
    return axes;
}
