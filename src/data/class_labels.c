#include "data/class_labels.h"

#include "core/context_impl.h"
#include "data/dataset.h"

static glia_status make_labels(const glia_dataset *dataset, const gli_labels *of, glia_dataset **out) {
    const bool wide     = of->dtype == GLIA_I64;
    const int64_t count = dataset->count;
    gli_block labels;
    GLI_TRY(gli_block_alloc(dataset->ctx, (size_t)count, wide ? sizeof(int64_t) : sizeof(int32_t), "labels", &labels));
    for (int64_t i = 0; i < count; ++i) {
        const int64_t label = of->label(of->user, i);
        if (wide)
            ((int64_t *)labels.data)[i] = label;
        else
            ((int32_t *)labels.data)[i] = (int32_t)label;
    }
    const glia_array array   = {.name = "label", .dtype = of->dtype, .shape = GLIA_SCALAR, .data = labels.data};
    const glia_status status = glia_dataset_from_arrays(
        dataset->ctx, &(glia_arrays_args){.inputs = &array, .n_inputs = 1, .count = count, .copy = true}, out);
    gli_block_free(dataset->ctx, &labels);
    return status;
}

glia_status gli_dataset_add_labels(glia_dataset *dataset, const gli_labels *of, glia_dataset **out) {
    const glia_pick input = {.field = dataset->columns[0].name}, label = {.field = "label"};
    glia_dataset *labels = NULL, *joined = NULL, *made = NULL;
    glia_status status = make_labels(dataset, of, &labels);
    if (status == GLIA_OK) status = glia_dataset_join(dataset, labels, &joined);
    if (status == GLIA_OK) status = glia_dataset_pick(joined, &(glia_pick_args){&input, 1, &label, 1}, &made);
    if (status == GLIA_OK) status = glia_dataset_set_class_names(made, 0, of->class_names, of->classes);
    glia_dataset_destroy(labels);
    glia_dataset_destroy(joined);
    if (status == GLIA_OK)
        *out = made;
    else
        glia_dataset_destroy(made);
    return status;
}
