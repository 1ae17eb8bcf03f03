#include "cpu/reference/ref_move.h"

#include <string.h>

#include "core/dtype.h"

/* Byte for byte, by row-major numbers. */
static void copy_element(const glia_tensor *from, int64_t i, const glia_tensor *to, int64_t j) {
    const size_t size = glia_dtype_size(to->dtype);
    memcpy((char *)to->data + (size_t)gli_element_offset(to, j) * size,
           (const char *)from->data + (size_t)gli_element_offset(from, i) * size, size);
}

void gli_ref_copy(const glia_tensor *from, const glia_tensor *to) {
    for (int64_t i = 0, count = gli_count(to); i < count; ++i) copy_element(from, i, to, i);
}

glia_status gli_ref_move(const gli_call *call, double fill, gli_move_rule rule) {
    const glia_tensor *y = call->out[0];
    for (int64_t i = 0, count = gli_count(y); i < count; ++i) {
        int64_t index[GLIA_MAX_DIMS] = {0};
        gli_unravel_index(y, i, index);
        const gli_origin from = rule(call, index);
        if (from.input < 0)
            gli_store(y->dtype, y->data, gli_element_offset(y, i), fill);
        else
            copy_element(call->in[from.input], from.element, y, i);
    }
    return GLIA_OK;
}
