#include "cpu/index_range.h"

#include "cpu/element_index.h"

static int64_t load(const glia_tensor *tensor, int64_t offset) {
    return tensor->dtype == GLIA_I32 ? ((const int32_t *)tensor->data)[offset]
                                     : ((const int64_t *)tensor->data)[offset];
}

int64_t gli_index_load(const glia_tensor *tensor, int64_t i) { return load(tensor, gli_element_offset(tensor, i)); }

glia_status gli_index_check(const gli_call *call, int i, gli_index_range range) {
    const glia_tensor *tensor = call->in[i];
    const bool dense          = gli_is_dense(tensor);
    for (int64_t k = 0, count = gli_count(tensor); k < count; ++k) {
        const int64_t value = dense ? load(tensor, k) : gli_index_load(tensor, k);
        if (value >= range.low && value < range.high) continue;
        if (range.ignore && value == range.ignored) continue;
        int64_t index[GLIA_MAX_DIMS];
        gli_unravel_index(tensor, k, index);
        return gli_fail(call->ctx, GLIA_INVALID_ARGUMENT, "%s: %s %s is %lld, must be %lld to %lld", call->op->name,
                        call->op->inputs[i].name, gli_shape_text(tensor->ndim, index, (char[GLI_SHAPE_TEXT]){0}),
                        (long long)value, (long long)range.low, (long long)range.high - 1);
    }
    return GLIA_OK;
}
