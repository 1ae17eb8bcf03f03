/* The classes of a dataset: counted, weighed, and renamed. */
#include <string.h>

#include "core/context_impl.h"
#include "core/dtype.h"
#include "data/dataset.h"

static int64_t label_of(glia_dtype dtype, const void *data) {
    switch (dtype) {
        case GLIA_U8: return *(const uint8_t *)data;
        case GLIA_I32: return *(const int32_t *)data;
        default: return *(const int64_t *)data;
    }
}

/* Only the target is read, where it is possible. */
static glia_status read_labels(gli_cursor *cursor, int column, int64_t *labels) {
    const glia_dtype dtype = gli_column_field(cursor->dataset, column)->delivered;
    for (int i = 0; i < gli_dataset_columns(cursor->dataset); ++i)
        if (i != column) cursor->to[i] = NULL;
    for (int64_t i = 0; i < cursor->dataset->count; ++i) {
        GLI_TRY(gli_cursor_read(cursor, i));
        labels[i] = label_of(dtype, cursor->to[column]);
    }
    return GLIA_OK;
}

static glia_status check_target(const glia_dataset *dataset, const char *function, int target) {
    GLI_REQUIRE(dataset->ctx, target >= 0 && target < dataset->n_targets, GLIA_INVALID_ARGUMENT,
                "%s: target is %d, the dataset has %d targets", function, target, dataset->n_targets);
    const int column            = dataset->n_inputs + target;
    const gli_data_field *field = gli_column_field(dataset, column);
    const char *name            = dataset->columns[column].name;
    const bool whole = field->delivered == GLIA_U8 || field->delivered == GLIA_I32 || field->delivered == GLIA_I64;
    GLI_REQUIRE(dataset->ctx, whole, GLIA_DTYPE_MISMATCH, "%s: the target '%s' is %s, classes are u8, i32 or i64",
                function, name, glia_dtype_name(field->delivered));
    GLI_REQUIRE(dataset->ctx, field->elements == 1, GLIA_SHAPE_MISMATCH,
                "%s: the target '%s' has %lld numbers, a class is one", function, name, (long long)field->elements);
    return GLIA_OK;
}

glia_status gli_dataset_labels(const glia_dataset *dataset, const char *function, int target, gli_block *out) {
    gli_cursor cursor;
    GLI_TRY(check_target(dataset, function, target));
    GLI_TRY(gli_cursor_create(dataset, &cursor));
    glia_status status = gli_block_alloc(dataset->ctx, (size_t)dataset->count, sizeof(int64_t), "labels", out);
    if (status == GLIA_OK) status = read_labels(&cursor, dataset->n_inputs + target, out->data);
    if (status != GLIA_OK) gli_block_free(dataset->ctx, out);
    gli_cursor_destroy(&cursor);
    return status;
}

static glia_status check_label(const glia_dataset *dataset, const char *function, int target, int64_t sample,
                               int64_t label, int64_t classes) {
    GLI_REQUIRE(dataset->ctx, label >= 0 && label < classes, GLIA_INVALID_ARGUMENT,
                "%s: '%s' of sample %lld is %lld, must be 0 to %lld", function,
                dataset->columns[dataset->n_inputs + target].name, (long long)sample, (long long)label,
                (long long)classes - 1);
    return GLIA_OK;
}

/* ---- Counts and weights ---- */

static glia_status count_classes(const glia_dataset *dataset, int target, int64_t *counts, int64_t classes) {
    const char *function = "glia_dataset_class_counts";
    GLI_REQUIRE(dataset->ctx, counts && classes >= 1, GLIA_INVALID_ARGUMENT,
                "%s: counts is %s, classes is %lld, must be at least 1", function, counts ? "given" : "NULL",
                (long long)classes);
    gli_block block = {0};
    GLI_TRY(gli_dataset_labels(dataset, function, target, &block));
    const int64_t *labels = block.data;
    glia_status status    = GLIA_OK;
    for (int64_t i = 0; i < dataset->count && status == GLIA_OK; ++i)
        status = check_label(dataset, function, target, i, labels[i], classes);
    if (status == GLIA_OK) memset(counts, 0, (size_t)classes * sizeof *counts);
    for (int64_t i = 0; i < dataset->count && status == GLIA_OK; ++i) ++counts[labels[i]];
    gli_block_free(dataset->ctx, &block);
    return status;
}

glia_status glia_dataset_class_counts(glia_dataset *dataset, int target, int64_t *counts, int64_t classes) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_dataset_call_begin(dataset));
    return gli_dataset_call_end(dataset, count_classes(dataset, target, counts, classes));
}

glia_status glia_class_weights(const int64_t *counts, int64_t classes, double *weights) {
    GLI_REQUIRE_OBJECT(counts);
    GLI_REQUIRE_OBJECT(weights);
    if (classes < 1)
        return gli_fail_early(GLIA_INVALID_ARGUMENT, "%s: classes is %lld, must be at least 1", __func__,
                              (long long)classes);
    double samples = 0, present = 0;
    for (int64_t c = 0; c < classes; ++c) {
        if (counts[c] < 0)
            return gli_fail_early(GLIA_INVALID_ARGUMENT, "%s: counts[%lld] is %lld, must not be negative", __func__,
                                  (long long)c, (long long)counts[c]);
        samples += (double)counts[c];
        present += counts[c] > 0;
    }
    for (int64_t c = 0; c < classes; ++c) weights[c] = counts[c] > 0 ? samples / (present * (double)counts[c]) : 1;
    return GLIA_OK;
}

/* ---- relabel ---- */

static glia_status check_table(const glia_dataset *dataset, const char *function, int target, const int64_t *table,
                               int64_t classes) {
    const glia_dtype dtype = gli_column_field(dataset, dataset->n_inputs + target)->delivered;
    const int64_t largest  = dtype == GLIA_U8 ? UINT8_MAX : dtype == GLIA_I32 ? INT32_MAX : INT64_MAX;
    for (int64_t c = 0; c < classes; ++c)
        GLI_REQUIRE(dataset->ctx, table[c] <= largest, GLIA_INVALID_ARGUMENT,
                    "%s: table[%lld] is %lld, out of range for %s", function, (long long)c, (long long)table[c],
                    glia_dtype_name(dtype));
    return GLIA_OK;
}

/* Moves the samples that stay to the front: their numbers to kept, their new classes to labels. */
static glia_status translate(const glia_dataset *dataset, const char *function, int target, const int64_t *table,
                             int64_t classes, int64_t *labels, int64_t *kept, int64_t *n) {
    *n = 0;
    for (int64_t i = 0; i < dataset->count; ++i) {
        GLI_TRY(check_label(dataset, function, target, i, labels[i], classes));
        const int64_t label = table[labels[i]];
        if (label < 0) continue;
        kept[*n]   = i;
        labels[*n] = label;
        *n += 1;
    }
    return GLIA_OK;
}

static void store_label(glia_dtype dtype, void *to, int64_t i, int64_t label) {
    switch (dtype) {
        case GLIA_U8: ((uint8_t *)to)[i] = (uint8_t)label; break;
        case GLIA_I32: ((int32_t *)to)[i] = (int32_t)label; break;
        default: ((int64_t *)to)[i] = label;
    }
}

/* A dataset of nothing but the labels, which lends its store to the view's column. */
static glia_status labels_as_store(const glia_dataset *dataset, const char *function, int column, const int64_t *labels,
                                   int64_t n, glia_dataset **out) {
    const gli_data_field *old = gli_column_field(dataset, column);
    const glia_field field    = {dataset->columns[column].name, old->delivered, old->shape};
    GLI_TRY(gli_dataset_new(dataset->ctx, function, n, 1, 0, out));
    gli_data_field *made = &gli_own_store(*out)->fields[0];
    glia_status status   = gli_dataset_describe(*out, function, 0, &field);
    if (status == GLIA_OK)
        status = gli_block_alloc(dataset->ctx, (size_t)n, glia_dtype_size(field.dtype), "labels", &made->owned);
    if (status != GLIA_OK) return glia_dataset_destroy(*out), status;
    for (int64_t i = 0; i < n; ++i) store_label(field.dtype, made->owned.data, i, labels[i]);
    made->data = made->owned.data;
    return GLIA_OK;
}

static glia_status relabel_kept(const glia_dataset *dataset, const char *function, int target, const int64_t *table,
                                int64_t classes, int64_t *labels, int64_t *kept, glia_dataset **out) {
    const int column = dataset->n_inputs + target;
    int64_t n;
    glia_dataset *new_labels;
    GLI_TRY(translate(dataset, function, target, table, classes, labels, kept, &n));
    GLI_TRY(labels_as_store(dataset, function, column, labels, n, &new_labels));
    const glia_status status = gli_dataset_replace_column(dataset, function, column, kept, new_labels, out);
    glia_dataset_destroy(new_labels);
    return status;
}

static glia_status relabel(const glia_dataset *dataset, int target, const int64_t *table, int64_t classes,
                           glia_dataset **out) {
    const char *function = "glia_dataset_relabel";
    gli_block labels = {0}, kept = {0};
    GLI_REQUIRE(dataset->ctx, table && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, table ? "out" : "table");
    GLI_REQUIRE(dataset->ctx, classes >= 1, GLIA_INVALID_ARGUMENT, "%s: classes is %lld, must be at least 1", function,
                (long long)classes);
    GLI_TRY(check_target(dataset, function, target));
    GLI_TRY(check_table(dataset, function, target, table, classes));
    glia_status status = gli_block_alloc(dataset->ctx, (size_t)dataset->count, sizeof(int64_t), "a view", &kept);
    if (status == GLIA_OK) status = gli_dataset_labels(dataset, function, target, &labels);
    if (status == GLIA_OK)
        status = relabel_kept(dataset, function, target, table, classes, labels.data, kept.data, out);
    gli_block_free(dataset->ctx, &labels);
    gli_block_free(dataset->ctx, &kept);
    return status;
}

glia_status glia_dataset_relabel(glia_dataset *dataset, int target, const int64_t *table, int64_t classes,
                                 glia_dataset **out) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_dataset_call_begin(dataset));
    return gli_dataset_call_end(dataset, relabel(dataset, target, table, classes, out));
}
