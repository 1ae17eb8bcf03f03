#include "cpu/element_index.h"

int64_t gli_ravel_index(const glia_tensor *tensor, const int64_t *index) {
    int64_t element = 0;
    for (int i = 0; i < tensor->ndim; ++i) element = element * tensor->dim[i] + index[i];
    return element;
}

void gli_unravel_index(const glia_tensor *tensor, int64_t element, int64_t *index) {
    for (int i = tensor->ndim - 1; i >= 0; --i) {
        index[i] = element % tensor->dim[i];
        element /= tensor->dim[i];
    }
}

int64_t gli_element_offset(const glia_tensor *tensor, int64_t element) {
    int64_t index[GLIA_MAX_DIMS], offset = 0;
    gli_unravel_index(tensor, element, index);
    for (int i = 0; i < tensor->ndim; ++i) offset += index[i] * tensor->stride[i];
    return offset;
}
