/* Names of classes and of samples. */
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "data/dataset.h"

/* ---- Classes ---- */

/* One block: the pointers, then the texts that they point to. */
static glia_status pack(glia_context *ctx, const char *const *names, int64_t n, gli_block *out) {
    size_t bytes = (size_t)n * sizeof *names;
    for (int64_t i = 0; i < n; ++i) bytes += strlen(names[i]) + 1;
    GLI_TRY(gli_block_alloc(ctx, bytes, 1, "the names of classes", out));
    const char **to = out->data;
    char *text      = (char *)(to + n);
    for (int64_t i = 0; i < n; ++i) {
        const size_t length = strlen(names[i]) + 1;
        to[i]               = memcpy(text, names[i], length);
        text += length;
    }
    return GLIA_OK;
}

glia_status gli_class_names_copy(glia_context *ctx, const gli_data_field *from, gli_data_field *to) {
    if (from->n_classes == 0) return GLIA_OK;
    GLI_TRY(pack(ctx, from->class_names.data, from->n_classes, &to->class_names));
    to->n_classes = from->n_classes;
    return GLIA_OK;
}

static glia_status set_class_names(glia_dataset *dataset, int target, const char *const *names, int64_t n) {
    enum { MOST = 1 << 24 };
    const char *function = "glia_dataset_set_class_names";
    gli_block made       = {0};
    GLI_REQUIRE(dataset->ctx, target >= 0 && target < dataset->n_targets, GLIA_INVALID_ARGUMENT,
                "%s: target is %d, the dataset has %d", function, target, dataset->n_targets);
    GLI_REQUIRE(dataset->ctx, n >= 0 && n <= MOST, GLIA_INVALID_ARGUMENT, "%s: n is %lld, must be 0 to %d", function,
                (long long)n, MOST);
    GLI_REQUIRE(dataset->ctx, names || n == 0, GLIA_INVALID_ARGUMENT, "%s: names is NULL", function);
    for (int64_t i = 0; i < n; ++i)
        GLI_REQUIRE(dataset->ctx, names[i], GLIA_INVALID_ARGUMENT, "%s: names[%lld] is NULL", function, (long long)i);
    if (n > 0) GLI_TRY(pack(dataset->ctx, names, n, &made));
    gli_data_field *field = gli_column_field(dataset, dataset->n_inputs + target);
    gli_block_free(dataset->ctx, &field->class_names);
    field->class_names = made;
    field->n_classes   = n;
    return GLIA_OK;
}

glia_status glia_dataset_set_class_names(glia_dataset *dataset, int target, const char *const *names, int64_t n) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_enter(dataset->ctx));
    const glia_status status = set_class_names(dataset, target, names, n);
    gli_leave(dataset->ctx);
    return status;
}

int64_t glia_dataset_classes(const glia_dataset *dataset, int target) {
    if (!dataset || target < 0 || target >= dataset->n_targets) return 0;
    return gli_column_field(dataset, dataset->n_inputs + target)->n_classes;
}

const char *glia_dataset_class_name(const glia_dataset *dataset, int target, int64_t c) {
    if (c < 0 || c >= glia_dataset_classes(dataset, target)) return NULL;
    return ((const char *const *)gli_column_field(dataset, dataset->n_inputs + target)->class_names.data)[c];
}

/* ---- Samples ---- */

const char *glia_dataset_sample_name(const glia_dataset *dataset, int64_t index) {
    if (!dataset || index < 0 || index >= dataset->count) return NULL;
    for (int i = 0; i < dataset->n_parts; ++i) {
        const gli_part *part     = &dataset->parts[i];
        const gli_reader *reader = part->store->reader;
        const char *name = reader && reader->name ? reader->name(part->store, gli_part_sample(part, index)) : NULL;
        if (name) return name;
    }
    return NULL;
}
