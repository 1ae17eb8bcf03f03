/* What follows once all values of a table are known: the order of categories, and what fills gaps. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/table.h"

/* ---- Categories ---- */

typedef struct category {
    const char *text;
    double number;
    bool is_number;
    int before; /* its index so far */
} category;

/* Numbers by their values, then texts by their bytes. */
static int by_value(const void *a, const void *b) {
    const category *x = a, *y = b;
    if (x->is_number != y->is_number) return x->is_number ? -1 : 1;
    if (x->is_number && x->number != y->number) return x->number < y->number ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* Numbers the categories in their order; after[i]: the new index of i. */
static glia_status sort_names(glia_context *ctx, gli_text_set *names, bool comma, category *sorted, int *after) {
    gli_text_set made = {0};
    int number;
    for (int i = 0; i < names->n; ++i) {
        const char *text          = gli_text_set_text(names, i);
        const gli_csv_field field = {text, strlen(text), false, false};
        sorted[i]                 = (category){.text = text, .before = i};
        sorted[i].is_number       = gli_csv_number(&field, comma ? ',' : '.', &sorted[i].number);
    }
    if (names->n > 1) qsort(sorted, (size_t)names->n, sizeof *sorted, by_value);
    glia_status status = GLIA_OK;
    for (int i = 0; i < names->n && status == GLIA_OK; ++i) {
        after[sorted[i].before] = i;
        status                  = gli_text_set_add(ctx, &made, sorted[i].text, &number);
    }
    if (status != GLIA_OK) return gli_text_set_free(ctx, &made), status;
    gli_text_set_free(ctx, names);
    *names = made;
    return GLIA_OK;
}

static glia_status order_categories(const gli_table_reading *r, gli_table_column *column) {
    gli_block sorted = {0}, after = {0};
    const size_t n     = (size_t)column->categories.n;
    glia_status status = gli_block_alloc(r->ctx, n, sizeof(category), "the categories of a table", &sorted);
    if (status == GLIA_OK) status = gli_block_alloc(r->ctx, n, sizeof(int), "the categories of a table", &after);
    if (status == GLIA_OK) status = sort_names(r->ctx, &column->categories, column->comma, sorted.data, after.data);
    double *values = column->values.data;
    for (int64_t i = 0; i < r->table->rows && status == GLIA_OK; ++i)
        if (!isnan(values[i])) values[i] = ((const int *)after.data)[(int)values[i]];
    gli_block_free(r->ctx, &sorted);
    gli_block_free(r->ctx, &after);
    return status;
}

/* ---- Gaps ---- */

static int by_number(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of n sorted values, at least one; the smallest of those that are equally frequent. */
static double most_frequent(const double *sorted, int64_t n) {
    int64_t best = 0, best_count = 0;
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && sorted[end] == sorted[i];) ++end;
        if (end - i > best_count) best = i, best_count = end - i;
    }
    return sorted[best];
}

/* The mean that moves by each value's part: the sum may be beyond double. */
static double mean_of(const double *values, int64_t n) {
    double mean = 0;
    for (int64_t i = 0; i < n; ++i) mean += values[i] / (double)(i + 1) - mean / (double)(i + 1);
    return mean;
}

static glia_status fill_of_values(const gli_table_reading *r, gli_table_column *column) {
    const int64_t rows = r->table->rows, n = rows - column->missing;
    if (n == 0 && column->missing == 0) return GLIA_OK;
    GLI_REQUIRE(r->ctx, n > 0, GLIA_BAD_FORMAT, "%s: column '%.64s' has no value in %lld rows that could fill the gaps",
                r->path, gli_table_name(column), (long long)rows);
    gli_block block;
    GLI_TRY(gli_block_alloc(r->ctx, (size_t)n, sizeof(double), "the values of a table", &block));
    const double *values = column->values.data;
    double *present      = block.data;
    for (int64_t i = 0; i < rows; ++i)
        if (!isnan(values[i])) *present++ = values[i];
    present = block.data;
    if (column->policy == GLIA_MISSING_MEAN && column->kind != GLIA_COLUMN_CATEGORY) {
        column->fill = mean_of(present, n);
    } else {
        qsort(present, (size_t)n, sizeof *present, by_number);
        column->fill = most_frequent(present, n);
    }
    gli_block_free(r->ctx, &block);
    return GLIA_OK;
}

/* What fills the gaps of a column, were there any: what is read like this table may have some. */
static glia_status find_fill(const gli_table_reading *r, gli_table_column *column) {
    if (column->policy == GLIA_MISSING_ERROR) return GLIA_OK;
    if (column->policy != GLIA_MISSING_FILL) return fill_of_values(r, column);
    if (column->kind != GLIA_COLUMN_CATEGORY) return GLIA_OK;
    column->fill = gli_text_set_find(&column->categories, column->fill_category);
    return GLIA_OK;
}

/* The category that fills gaps is one of them. */
static glia_status add_fill_category(const gli_table_reading *r, gli_table_column *column) {
    int number;
    if (column->policy != GLIA_MISSING_FILL) return GLIA_OK;
    GLI_REQUIRE(r->ctx, column->fill_category, GLIA_INVALID_ARGUMENT,
                "glia_table_read_csv: column '%.64s' is of categories, and its fill_category is NULL",
                gli_table_name(column));
    return gli_text_set_add(r->ctx, &column->categories, column->fill_category, &number);
}

static glia_status complete(const gli_table_reading *r, gli_table_column *column) {
    if (!r->args.like) {
        if (column->kind == GLIA_COLUMN_CATEGORY) {
            GLI_TRY(add_fill_category(r, column));
            GLI_TRY(order_categories(r, column));
        }
        GLI_TRY(find_fill(r, column));
    }
    GLI_REQUIRE(r->ctx, !column->missing || !isnan(column->fill), GLIA_BAD_FORMAT,
                "%s: column '%.64s' has gaps, and the table in args nothing to fill them", r->path,
                gli_table_name(column));
    double *values = column->values.data;
    for (int64_t i = 0; i < r->table->rows && column->missing > 0; ++i)
        if (isnan(values[i])) values[i] = column->fill;
    column->fill_category = NULL;
    return GLIA_OK;
}

glia_status gli_table_complete(gli_table_reading *r) {
    for (int i = 0; i < r->table->n; ++i)
        if (r->table->columns[i].kind != GLIA_COLUMN_SKIPPED) GLI_TRY(complete(r, &r->table->columns[i]));
    return GLIA_OK;
}
