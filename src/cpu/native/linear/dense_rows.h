/* Tensors [...,C] as matrices of rows, for products of them. */
#ifndef GLI_CPU_NATIVE_LINEAR_DENSE_ROWS_H
#define GLI_CPU_NATIVE_LINEAR_DENSE_ROWS_H

#include "core/tensor_impl.h"

/* False: no one stride leads from each row to the next. */
static inline bool gli_row_stride(const glia_tensor *x, int64_t *stride) {
    int64_t rows = 1;
    *stride      = 0;
    for (int d = x->ndim - 2; d >= 0; --d) {
        if (x->dim[d] == 1) continue;
        if (rows == 1) *stride = x->stride[d];
        if (x->stride[d] != *stride * rows) return false;
        rows *= x->dim[d];
    }
    return true;
}

static inline const char *gli_decline_rows(const glia_tensor *x, const glia_tensor *y) {
    int64_t stride;
    return gli_row_stride(x, &stride) && gli_row_stride(y, &stride) ? NULL
                                                                    : "its leading dimensions cannot be seen as one";
}

#endif
