/* Views that are nothing but other orders of samples, and other columns. */
#include <string.h>

#include "core/context_impl.h"
#include "core/print.h"
#include "core/size.h"
#include "data/dataset.h"

/* ---- Columns ---- */

static glia_status add_part(glia_dataset *view, const gli_part *from, const int64_t *order) {
    gli_part *part = &view->parts[view->n_parts];
    if (order || from->order.data) {
        GLI_TRY(gli_block_alloc(view->ctx, (size_t)view->count, sizeof(int64_t), "a view", &part->order));
        int64_t *to = part->order.data;
        for (int64_t i = 0; i < view->count; ++i) to[i] = gli_part_sample(from, order ? order[i] : i);
    }
    part->store = from->store;
    gli_data_store_retain(part->store);
    ++view->n_parts;
    return GLIA_OK;
}

glia_status gli_dataset_take_columns(glia_dataset *view, const glia_dataset *from, const gli_column_copy *columns,
                                     int n, const int64_t *order) {
    int part_of[GLI_MAX_COLUMNS];
    for (int i = 0; i < from->n_parts; ++i) part_of[i] = -1;
    for (int i = 0; i < n; ++i) {
        const gli_column *column = &from->columns[columns[i].from];
        if (part_of[column->part] < 0) {
            part_of[column->part] = view->n_parts;
            GLI_TRY(add_part(view, &from->parts[column->part], order));
        }
        view->columns[columns[i].to]      = *column;
        view->columns[columns[i].to].part = part_of[column->part];
    }
    return GLIA_OK;
}

glia_status gli_dataset_view(const glia_dataset *dataset, const char *function, const int64_t *order, int64_t count,
                             glia_dataset **out) {
    gli_column_copy same[GLI_MAX_COLUMNS];
    glia_dataset *view;
    for (int i = 0; i < gli_dataset_columns(dataset); ++i) same[i] = (gli_column_copy){i, i};
    GLI_TRY(gli_dataset_new_view(dataset->ctx, function, count, dataset->n_inputs, dataset->n_targets, &view));
    const glia_status status = gli_dataset_take_columns(view, dataset, same, gli_dataset_columns(dataset), order);
    if (status != GLIA_OK) return glia_dataset_destroy(view), status;
    *out = view;
    return GLIA_OK;
}

glia_status gli_dataset_two_views(const glia_dataset *dataset, const char *function, const int64_t *order,
                                  int64_t count, glia_dataset **first, glia_dataset **second) {
    const int64_t *rest    = order ? order + count : NULL; /* of no samples there is no order */
    glia_dataset *parts[2] = {NULL, NULL};
    glia_status status     = first ? gli_dataset_view(dataset, function, order, count, &parts[0]) : GLIA_OK;
    if (status == GLIA_OK && second)
        status = gli_dataset_view(dataset, function, rest, dataset->count - count, &parts[1]);
    if (status != GLIA_OK) return glia_dataset_destroy(parts[0]), status;
    if (first) *first = parts[0];
    if (second) *second = parts[1];
    return GLIA_OK;
}

glia_status gli_dataset_replace_column(const glia_dataset *dataset, const char *function, int column,
                                       const int64_t *kept, const glia_dataset *made, glia_dataset **out) {
    gli_column_copy others[GLI_MAX_COLUMNS], replaced = {0, column};
    int n = 0;
    glia_dataset *view;
    for (int i = 0; i < gli_dataset_columns(dataset); ++i)
        if (i != column) others[n++] = (gli_column_copy){i, i};
    GLI_TRY(gli_dataset_new_view(dataset->ctx, function, made->count, dataset->n_inputs, dataset->n_targets, &view));
    glia_status status = gli_dataset_take_columns(view, dataset, others, n, kept);
    if (status == GLIA_OK) status = gli_dataset_take_columns(view, made, &replaced, 1, NULL);
    if (status != GLIA_OK) return glia_dataset_destroy(view), status;
    *out = view;
    return GLIA_OK;
}

/* ---- take, select, repeat ---- */

static glia_status select_samples(const glia_dataset *dataset, const int64_t *index, int64_t n, glia_dataset **out) {
    const char *function = "glia_dataset_select";
    GLI_REQUIRE(dataset->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", function);
    GLI_REQUIRE(dataset->ctx, n >= 0 && (index || n == 0), GLIA_INVALID_ARGUMENT, "%s: n is %lld, index is %s",
                function, (long long)n, index ? "given" : "NULL");
    for (int64_t i = 0; i < n; ++i)
        GLI_REQUIRE(dataset->ctx, index[i] >= 0 && index[i] < dataset->count, GLIA_INVALID_ARGUMENT,
                    "%s: index[%lld] is %lld, the dataset has %lld samples", function, (long long)i,
                    (long long)index[i], (long long)dataset->count);
    return gli_dataset_view(dataset, function, index, n, out);
}

glia_status glia_dataset_select(glia_dataset *dataset, const int64_t *index, int64_t n, glia_dataset **out) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_enter(dataset->ctx));
    const glia_status status = select_samples(dataset, index, n, out);
    gli_leave(dataset->ctx);
    return status;
}

/* A view of the samples first + i % period, for each i below count. */
static glia_status view_of_range(const glia_dataset *dataset, const char *function, int64_t first, int64_t period,
                                 int64_t count, glia_dataset **out) {
    gli_block block;
    GLI_TRY(gli_block_alloc(dataset->ctx, (size_t)count, sizeof(int64_t), "a view", &block));
    int64_t *order = block.data;
    for (int64_t i = 0; i < count; ++i) order[i] = first + i % period;
    const glia_status status = gli_dataset_view(dataset, function, order, count, out);
    gli_block_free(dataset->ctx, &block);
    return status;
}

static glia_status take(const glia_dataset *dataset, int64_t first, int64_t count, glia_dataset **out) {
    const char *function = "glia_dataset_take";
    GLI_REQUIRE(dataset->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", function);
    GLI_REQUIRE(dataset->ctx, first >= 0 && count >= 0 && first <= dataset->count && count <= dataset->count - first,
                GLIA_INVALID_ARGUMENT, "%s: %lld samples from %lld on, the dataset has %lld", function,
                (long long)count, (long long)first, (long long)dataset->count);
    return view_of_range(dataset, function, first, count, count, out);
}

glia_status glia_dataset_take(glia_dataset *dataset, int64_t first, int64_t count, glia_dataset **out) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_enter(dataset->ctx));
    const glia_status status = take(dataset, first, count, out);
    gli_leave(dataset->ctx);
    return status;
}

static glia_status repeat(const glia_dataset *dataset, int64_t times, glia_dataset **out) {
    const char *function = "glia_dataset_repeat";
    const int64_t count  = dataset->count;
    GLI_REQUIRE(dataset->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", function);
    GLI_REQUIRE(dataset->ctx, times >= 1 && gli_saturating_mul(count, times) <= UINT32_MAX, GLIA_INVALID_ARGUMENT,
                "%s: times is %lld, must be at least 1, and %lld samples so often at most %lld", function,
                (long long)times, (long long)count, (long long)UINT32_MAX);
    return view_of_range(dataset, function, 0, count, count * times, out);
}

glia_status glia_dataset_repeat(glia_dataset *dataset, int64_t times, glia_dataset **out) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_enter(dataset->ctx));
    const glia_status status = repeat(dataset, times, out);
    gli_leave(dataset->ctx);
    return status;
}

/* ---- pick and join ---- */

int gli_dataset_find(const glia_dataset *dataset, const char *name) {
    for (int i = 0; i < gli_dataset_columns(dataset); ++i)
        if (strcmp(dataset->columns[i].name, name) == 0) return i;
    return -1;
}

static const char *name_at(const void *of, int i) {
    const glia_dataset *dataset = of;
    return i < gli_dataset_columns(dataset) ? dataset->columns[i].name : NULL;
}

const char *gli_field_names(const glia_dataset *dataset, char text[GLI_FIELD_NAMES]) {
    return gli_join_names(name_at, dataset, text, GLI_FIELD_NAMES);
}

static glia_status pick_columns(glia_dataset *view, const char *function, const glia_dataset *from,
                                const glia_pick_args *args) {
    gli_column_copy columns[GLI_MAX_COLUMNS];
    char argument[GLI_ARGUMENT_NAME], names[GLI_FIELD_NAMES];
    for (int i = 0; i < gli_dataset_columns(view); ++i) {
        const glia_pick *pick = i < view->n_inputs ? &args->inputs[i] : &args->targets[i - view->n_inputs];
        gli_argument_name(view, i, argument);
        GLI_REQUIRE(view->ctx, pick->field, GLIA_INVALID_ARGUMENT, "%s: the field of %s is NULL", function, argument);
        columns[i] = (gli_column_copy){.from = gli_dataset_find(from, pick->field), .to = i};
        GLI_REQUIRE(view->ctx, columns[i].from >= 0, GLIA_INVALID_ARGUMENT,
                    "%s: %s is '%.63s', which is no field of the dataset; there are %s", function, argument,
                    pick->field, gli_field_names(from, names));
    }
    GLI_TRY(gli_dataset_take_columns(view, from, columns, gli_dataset_columns(view), NULL));
    for (int i = 0; i < gli_dataset_columns(view); ++i) {
        const glia_pick *pick = i < view->n_inputs ? &args->inputs[i] : &args->targets[i - view->n_inputs];
        GLI_TRY(gli_dataset_name(view, function, i, pick->name ? pick->name : pick->field));
    }
    return GLIA_OK;
}

static glia_status pick(const glia_dataset *dataset, const glia_pick_args *args, glia_dataset **out) {
    const char *function = "glia_dataset_pick";
    glia_context *ctx    = dataset->ctx;
    GLI_REQUIRE(ctx, args && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, args ? "out" : "args");
    GLI_REQUIRE(ctx, args->inputs && (args->targets || args->n_targets == 0), GLIA_INVALID_ARGUMENT, "%s: %s is NULL",
                function, args->inputs ? "targets" : "inputs");
    glia_dataset *view;
    GLI_TRY(gli_dataset_new_view(ctx, function, dataset->count, args->n_inputs, args->n_targets, &view));
    const glia_status status = pick_columns(view, function, dataset, args);
    if (status != GLIA_OK) return glia_dataset_destroy(view), status;
    *out = view;
    return GLIA_OK;
}

glia_status glia_dataset_pick(glia_dataset *dataset, const glia_pick_args *args, glia_dataset **out) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_enter(dataset->ctx));
    const glia_status status = pick(dataset, args, out);
    gli_leave(dataset->ctx);
    return status;
}

/* The inputs of `from` become those from number `inputs` on, its targets the columns from `targets` on. */
static glia_status append_columns(glia_dataset *view, const glia_dataset *from, int inputs, int targets) {
    gli_column_copy columns[GLI_MAX_COLUMNS];
    for (int i = 0; i < gli_dataset_columns(from); ++i)
        columns[i] = (gli_column_copy){i, i < from->n_inputs ? inputs + i : targets + i - from->n_inputs};
    return gli_dataset_take_columns(view, from, columns, gli_dataset_columns(from), NULL);
}

static glia_status join_columns(glia_dataset *view, const char *function, const glia_dataset *first,
                                const glia_dataset *second) {
    char name[GLI_FIELD_NAME];
    GLI_TRY(append_columns(view, first, 0, view->n_inputs));
    GLI_TRY(append_columns(view, second, first->n_inputs, view->n_inputs + first->n_targets));
    for (int i = 0; i < gli_dataset_columns(view); ++i) {
        memcpy(name, view->columns[i].name, sizeof name);
        GLI_TRY(gli_dataset_name(view, function, i, name));
    }
    return GLIA_OK;
}

static glia_status join(const glia_dataset *first, const glia_dataset *second, glia_dataset **out) {
    const char *function = "glia_dataset_join";
    glia_context *ctx    = first->ctx;
    GLI_REQUIRE(ctx, second && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, second ? "out" : "second");
    GLI_REQUIRE(ctx, second->ctx == ctx, GLIA_DEVICE_MISMATCH, "%s: the datasets belong to different contexts",
                function);
    GLI_REQUIRE(ctx, first->count == second->count, GLIA_SHAPE_MISMATCH,
                "%s: the first dataset has %lld samples, the second %lld", function, (long long)first->count,
                (long long)second->count);
    glia_dataset *view;
    GLI_TRY(gli_dataset_new_view(ctx, function, first->count, first->n_inputs + second->n_inputs,
                                 first->n_targets + second->n_targets, &view));
    const glia_status status = join_columns(view, function, first, second);
    if (status != GLIA_OK) return glia_dataset_destroy(view), status;
    *out = view;
    return GLIA_OK;
}

glia_status glia_dataset_join(glia_dataset *first, glia_dataset *second, glia_dataset **out) {
    GLI_REQUIRE_OBJECT(first);
    GLI_TRY(gli_enter(first->ctx));
    const glia_status status = join(first, second, out);
    gli_leave(first->ctx);
    return status;
}
