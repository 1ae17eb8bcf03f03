/* Leaves of a graph as storages of the plan: inputs, callers' tensors and constants. */
#include <string.h>

#include "core/dtype.h"
#include "graph/plan.h"

glia_status gli_plan_alloc_constants(gli_lowering *l) {
    size_t slots = 2, n = 0;
    void *memory;
    for (int v = 1; v < l->graph->n_values; ++v) n += l->graph->values[v].kind == GLI_VALUE_CONSTANT;
    while (slots < 2 * n) slots *= 2;
    GLI_TRY(gli_arena_alloc(l->plan->ctx, &l->graph->arena, slots, sizeof *l->constants, &memory));
    l->constants      = memory;
    l->constants_mask = slots - 1;
    return GLIA_OK;
}

/* The slot of the constant's storage, or the empty one where it belongs. */
static int *constant_slot(const gli_lowering *l, glia_dtype dtype, double fill) {
    uint64_t bits;
    memcpy(&bits, &fill, sizeof bits);
    const uint64_t hash = (bits ^ bits >> 32 ^ (uint64_t)dtype) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (size_t i = hash & l->constants_mask;; i = (i + 1) & l->constants_mask) {
        if (!l->constants[i]) return &l->constants[i];
        const gli_storage *storage = &l->plan->storages[l->constants[i] - 1];
        if (storage->dtype == dtype && memcmp(&storage->fill, &fill, sizeof fill) == 0) return &l->constants[i];
    }
}

/* Equal constants share one storage, which is as large as the largest. */
static glia_status constant_storage(gli_lowering *l, const gli_value_info *value, size_t bytes, int *out) {
    glia_plan *plan         = l->plan;
    const glia_dtype dtype  = value->tensor.dtype;
    const gli_storage fresh = {.parent = -1, .persistent = true, .fill = value->constant, .dtype = dtype};
    int *slot               = constant_slot(l, dtype, value->constant);
    if (!*slot) {
        GLI_TRY(gli_plan_add_storage(plan, &fresh, out));
        *slot = *out + 1;
    }
    *out                 = *slot - 1;
    gli_storage *storage = &plan->storages[*out];
    if (bytes > storage->bytes) storage->bytes = bytes;
    return GLIA_OK;
}

static glia_status lower_leaf(gli_lowering *l, const gli_value_info *value, gli_lowered *lowered) {
    const size_t bytes = (size_t)gli_extent(&value->tensor) * glia_dtype_size(value->tensor.dtype);
    gli_storage leaf   = {.kind = GLI_STORAGE_TENSOR, .parent = -1, .bytes = bytes, .data = value->tensor.data};
    int storage, tensor;
    if (value->kind == GLI_VALUE_CONSTANT) {
        GLI_TRY(constant_storage(l, value, bytes, &storage));
    } else {
        if (value->kind == GLI_VALUE_INPUT) {
            leaf.kind  = GLI_STORAGE_INPUT;
            leaf.index = value->input;
        }
        GLI_TRY(gli_plan_add_storage(l->plan, &leaf, &storage));
    }
    GLI_TRY(gli_plan_add_tensor(l->plan, &value->tensor, storage, 0, &tensor));
    gli_lowered_set(lowered, gli_plan_format(&value->tensor), tensor);
    return GLIA_OK;
}

glia_status gli_plan_lowered(gli_lowering *l, int value, gli_lowered **out) {
    *out = &l->lowered[value];
    return (*out)->known ? GLIA_OK : lower_leaf(l, &l->graph->values[value], *out);
}
