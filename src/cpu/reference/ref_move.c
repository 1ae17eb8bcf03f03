#include "cpu/reference/ref_move.h"

#include <string.h>

#include "core/dtype.h"

int64_t gli_element_at(const glia_tensor *tensor, const int64_t *index) {
    int64_t element = 0;
    for (int i = 0; i < tensor->ndim; ++i) element = element * tensor->dim[i] + index[i];
    return element;
}

void gli_index_of(const glia_tensor *tensor, int64_t element, int64_t *index) {
    for (int i = tensor->ndim - 1; i >= 0; --i) {
        index[i] = element % tensor->dim[i];
        element /= tensor->dim[i];
    }
}

int64_t gli_element_offset(const glia_tensor *tensor, int64_t element) {
    int64_t index[GLIA_MAX_DIMS], offset = 0;
    gli_index_of(tensor, element, index);
    for (int i = 0; i < tensor->ndim; ++i) offset += index[i] * tensor->stride[i];
    return offset;
}

glia_status gli_ref_move(const gli_call *call, double fill, gli_move_rule rule) {
    const glia_tensor *y = call->out[0];
    const size_t size    = glia_dtype_size(y->dtype);
    const int64_t count  = gli_count(y);
    for (int64_t i = 0; i < count; ++i) {
        int64_t index[GLIA_MAX_DIMS] = {0};
        gli_index_of(y, i, index);
        const gli_origin from = rule(call, index);
        const int64_t to      = gli_element_offset(y, i);
        if (from.input < 0) {
            gli_store(y->dtype, y->data, to, fill);
            continue;
        }
        const glia_tensor *x = call->in[from.input];
        memcpy((char *)y->data + (size_t)to * size,
               (const char *)x->data + (size_t)gli_element_offset(x, from.element) * size, size);
    }
    return GLIA_OK;
}
