/* What a table has, and the dataset that it makes. */
#include "data/table.h"

#include <math.h>
#include <string.h>

#include "data/dataset.h"

void glia_table_destroy(glia_table *table) {
    if (!table) return;
    glia_context *ctx = table->ctx;
    for (int i = 0; i < table->capacity; ++i) {
        gli_block_free(ctx, &table->columns[i].name);
        gli_block_free(ctx, &table->columns[i].values);
        gli_text_set_free(ctx, &table->columns[i].categories);
    }
    gli_free(ctx, table->columns, (size_t)table->capacity, sizeof *table->columns);
    gli_free(ctx, table, 1, sizeof *table);
    gli_context_release(ctx);
}

int64_t glia_table_rows(const glia_table *table) { return table ? table->rows : 0; }
int glia_table_columns(const glia_table *table) { return table ? table->n : 0; }

int glia_table_find(const glia_table *table, const char *name) {
    for (int i = 0; i < glia_table_columns(table) && name; ++i)
        if (strcmp(gli_table_name(&table->columns[i]), name) == 0) return i;
    return -1;
}

static const gli_table_column *column_of(const glia_table *table, int i) {
    return i >= 0 && i < glia_table_columns(table) ? &table->columns[i] : NULL;
}

glia_column glia_table_column(const glia_table *table, int i) {
    const gli_table_column *c = column_of(table, i);
    if (!c) return (glia_column){0};
    return (glia_column){gli_table_name(c), c->kind, c->categories.n, c->missing, c->fill, c->target};
}

const char *glia_table_category(const glia_table *table, int i, int64_t c) {
    const gli_table_column *column = column_of(table, i);
    return column && c >= 0 && c < column->categories.n ? gli_text_set_text(&column->categories, (int)c) : NULL;
}

const double *glia_table_values(const glia_table *table, int i) {
    const gli_table_column *column = column_of(table, i);
    return column ? column->values.data : NULL;
}

/* ---- Features ---- */

/* Numbers that a column has in "features". */
static int64_t features_of(const gli_table_column *column) {
    if (column->target || column->kind == GLIA_COLUMN_SKIPPED) return 0;
    if (column->kind != GLIA_COLUMN_CATEGORY) return 1;
    return column->index ? 0 : column->categories.n;
}

static bool is_index_input(const gli_table_column *column) {
    return !column->target && column->index && column->kind == GLIA_COLUMN_CATEGORY;
}

int64_t glia_table_features(const glia_table *table) {
    int64_t n = 0;
    for (int i = 0; i < glia_table_columns(table); ++i) n += features_of(&table->columns[i]);
    return n;
}

glia_feature glia_table_feature(const glia_table *table, int64_t i) {
    for (int k = 0; k < glia_table_columns(table) && i >= 0; ++k) {
        const gli_table_column *column = &table->columns[k];
        const int64_t n                = features_of(column);
        if (i < n) return (glia_feature){k, column->kind == GLIA_COLUMN_CATEGORY ? i : -1};
        i -= n;
    }
    return (glia_feature){-1, -1};
}

/* ---- The dataset ---- */

static glia_status describe(glia_dataset *dataset, const char *function, int i, const char *name, glia_dtype dtype,
                            glia_shape shape) {
    gli_data_field *field = &gli_own_store(dataset)->fields[i];
    GLI_TRY(gli_dataset_describe(dataset, function, i, &(glia_field){name, dtype, shape}));
    GLI_TRY(gli_block_alloc(dataset->ctx, (size_t)(dataset->count * field->elements), glia_dtype_size(dtype),
                            "the samples of a table", &field->owned));
    field->data = field->owned.data;
    return GLIA_OK;
}

static void write_features(const glia_table *table, float *to) {
    const int64_t n = glia_table_features(table);
    int64_t first   = 0;
    memset(to, 0, (size_t)(table->rows * n) * sizeof *to);
    for (int i = 0; i < table->n; ++i) {
        const gli_table_column *column = &table->columns[i];
        const double *values           = column->values.data;
        const int64_t of_column        = features_of(column);
        for (int64_t row = 0; row < table->rows && of_column > 0; ++row) {
            float *at = to + row * n + first;
            if (column->kind == GLIA_COLUMN_CATEGORY)
                at[(int64_t)values[row]] = 1;
            else
                *at = (float)values[row];
        }
        first += of_column;
    }
}

/* A column as a field of its own: the index of categories, or a number. */
static glia_status write_column(glia_dataset *dataset, const char *function, int i, const glia_table *table,
                                const gli_table_column *column) {
    const bool category  = column->kind == GLIA_COLUMN_CATEGORY;
    const double *values = column->values.data;
    GLI_TRY(describe(dataset, function, i, gli_table_name(column), category ? GLIA_I64 : GLIA_F32,
                     category ? GLIA_SCALAR : GLIA_SHAPE(1)));
    void *to = gli_own_store(dataset)->fields[i].owned.data;
    for (int64_t row = 0; row < table->rows; ++row)
        if (category)
            ((int64_t *)to)[row] = (int64_t)values[row];
        else
            ((float *)to)[row] = (float)values[row];
    return GLIA_OK;
}

static glia_status name_classes(glia_dataset *dataset, int target, const gli_text_set *names) {
    gli_block block;
    GLI_TRY(gli_block_alloc(dataset->ctx, (size_t)names->n, sizeof(char *), "the names of classes", &block));
    const char **texts = block.data;
    for (int i = 0; i < names->n; ++i) texts[i] = gli_text_set_text(names, i);
    const glia_status status = glia_dataset_set_class_names(dataset, target, texts, names->n);
    gli_block_free(dataset->ctx, &block);
    return status;
}

/* All values in range for f32: of double it is known. */
static glia_status check_range(const glia_table *table, const char *function) {
    for (int i = 0; i < table->n; ++i) {
        const gli_table_column *column = &table->columns[i];
        const double *values           = column->values.data;
        for (int64_t row = 0; row < table->rows && values; ++row)
            GLI_REQUIRE(table->ctx, isfinite((float)values[row]), GLIA_NOT_FINITE,
                        "%s: row %lld of column '%.64s' is %g, out of range for f32", function, (long long)row,
                        gli_table_name(column), values[row]);
    }
    return GLIA_OK;
}

static glia_status fill(glia_dataset *dataset, const char *function, const glia_table *table) {
    const int64_t features = glia_table_features(table);
    int input = 0, target = 0;
    if (features > 0) {
        GLI_TRY(describe(dataset, function, input, "features", GLIA_F32, GLIA_SHAPE(features)));
        if (table->rows > 0) write_features(table, gli_own_store(dataset)->fields[input].owned.data);
        ++input;
    }
    for (int i = 0; i < table->n; ++i) {
        const gli_table_column *column = &table->columns[i];
        if (is_index_input(column)) GLI_TRY(write_column(dataset, function, input++, table, column));
    }
    for (int i = 0; i < table->n; ++i) {
        const gli_table_column *column = &table->columns[i];
        if (!column->target) continue;
        GLI_TRY(write_column(dataset, function, dataset->n_inputs + target, table, column));
        if (column->categories.n > 0) GLI_TRY(name_classes(dataset, target, &column->categories));
        ++target;
    }
    return GLIA_OK;
}

static glia_status make_dataset(const glia_table *table, glia_dataset **out) {
    const char *function = "glia_table_dataset";
    int inputs = glia_table_features(table) > 0, targets = 0;
    GLI_REQUIRE(table->ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", function);
    for (int i = 0; i < table->n; ++i) {
        inputs += is_index_input(&table->columns[i]);
        targets += table->columns[i].target;
    }
    GLI_TRY(check_range(table, function));
    glia_dataset *dataset;
    GLI_TRY(gli_dataset_new(table->ctx, function, table->rows, inputs, targets, &dataset));
    const glia_status status = fill(dataset, function, table);
    if (status != GLIA_OK) return glia_dataset_destroy(dataset), status;
    *out = dataset;
    return GLIA_OK;
}

glia_status glia_table_dataset(const glia_table *table, glia_dataset **out) {
    GLI_REQUIRE_OBJECT(table);
    GLI_TRY(gli_enter(table->ctx));
    const glia_status status = make_dataset(table, out);
    gli_leave(table->ctx);
    return status;
}
