/* The columns of a table that is about to be read. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/print.h"
#include "data/table.h"

enum { NAMES = 240 }; /* in a message */

static glia_status add_column(glia_table *table, const char *name, int field, gli_table_column **out) {
    const size_t bytes = strlen(name) + 1;
    GLI_TRY(gli_grow(table->ctx, &table->columns, &table->capacity, table->n + 1, sizeof(gli_table_column),
                     "the columns of a table"));
    gli_table_column *column = &table->columns[table->n];
    GLI_TRY(gli_block_alloc(table->ctx, bytes, 1, "the name of a column", &column->name));
    memcpy(column->name.data, name, bytes);
    column->field = field;
    column->fill  = NAN;
    ++table->n;
    *out = column;
    return GLIA_OK;
}

/* The name of field i: the header's, or its number. */
static glia_status name_of_field(gli_table_reading *r, int i, const char **out) {
    char number[32];
    const gli_csv_field made = {number, (size_t)snprintf(number, sizeof number, "column%d", i), false, false};
    const bool has_name      = !r->args.no_header && r->csv.fields[i].bytes > 0;
    return gli_csv_text(&r->csv, has_name ? &r->csv.fields[i] : &made, number, out);
}

static glia_status columns_of_file(gli_table_reading *r) {
    const char *name = NULL;
    for (int i = 0; i < r->n_fields; ++i) {
        gli_table_column *column = NULL;
        GLI_TRY(name_of_field(r, i, &name));
        GLI_REQUIRE(r->ctx, glia_table_find(r->table, name) < 0, GLIA_BAD_FORMAT,
                    "%s: line %lld: two columns have the name '%.64s'", r->path, (long long)r->csv.row_line, name);
        GLI_TRY(add_column(r->table, name, i, &column));
        column->policy = r->args.missing == GLIA_MISSING_DEFAULT ? GLIA_MISSING_ERROR : r->args.missing;
        column->comma  = r->args.decimal == ',';
    }
    return GLIA_OK;
}

static const char *name_of_column(const void *table, int i) {
    const glia_table *of = table;
    return i < of->n ? gli_table_name(&of->columns[i]) : NULL;
}

/* The column that args name. */
static glia_status named_column(const gli_table_reading *r, const char *what, int i, const char *name,
                                gli_table_column **out) {
    GLI_REQUIRE(r->ctx, name, GLIA_INVALID_ARGUMENT, "glia_table_read_csv: the name of %s[%d] is NULL", what, i);
    const int found = glia_table_find(r->table, name);
    char names[NAMES];
    GLI_REQUIRE(r->ctx, found >= 0, GLIA_INVALID_ARGUMENT, "%s: has no column '%.64s', of %s[%d]; there are %s",
                r->path, name, what, i, gli_join_names(name_of_column, r->table, names, sizeof names));
    *out = &r->table->columns[found];
    return GLIA_OK;
}

static glia_status apply(const gli_table_reading *r, int i, const glia_column_args *args, gli_table_column *column) {
    const char *name = gli_table_name(column);
    GLI_REQUIRE(r->ctx,
                args->kind >= GLIA_COLUMN_FOUND && args->kind <= GLIA_COLUMN_SKIPPED &&
                    args->missing >= GLIA_MISSING_DEFAULT && args->missing <= GLIA_MISSING_MOST_FREQUENT,
                GLIA_INVALID_ARGUMENT, "glia_table_read_csv: columns[%d], '%.64s', has kind %d and missing %d", i, name,
                (int)args->kind, (int)args->missing);
    GLI_REQUIRE(r->ctx, isfinite(args->fill), GLIA_INVALID_ARGUMENT,
                "glia_table_read_csv: columns[%d], '%.64s', has fill %g, must be finite", i, name, args->fill);
    GLI_REQUIRE(r->ctx, !column->target || args->kind != GLIA_COLUMN_SKIPPED, GLIA_INVALID_ARGUMENT,
                "glia_table_read_csv: columns[%d], '%.64s', is a target and skipped", i, name);
    const bool is_category = args->kind == GLIA_COLUMN_CATEGORY || args->kind == GLIA_COLUMN_FOUND;
    GLI_REQUIRE(r->ctx, !args->index || is_category, GLIA_INVALID_ARGUMENT,
                "glia_table_read_csv: columns[%d], '%.64s', has index, which categories have, and kind %d", i, name,
                (int)args->kind);
    for (int k = 0; k < i; ++k)
        GLI_REQUIRE(r->ctx, strcmp(r->args.columns[k].name, name) != 0, GLIA_INVALID_ARGUMENT,
                    "glia_table_read_csv: columns[%d] and columns[%d] are both '%.64s'", k, i, name);
    column->kind = args->index ? GLIA_COLUMN_CATEGORY : args->kind;
    if (args->missing != GLIA_MISSING_DEFAULT) column->policy = args->missing;
    column->index         = args->index;
    column->seconds       = args->seconds;
    column->fill_category = args->fill_category;
    if (args->missing == GLIA_MISSING_FILL) column->fill = args->fill;
    return GLIA_OK;
}

static glia_status apply_args(const gli_table_reading *r) {
    gli_table_column *column = NULL;
    for (int i = 0; i < r->args.n_targets; ++i) {
        GLI_TRY(named_column(r, "targets", i, r->args.targets[i], &column));
        GLI_REQUIRE(r->ctx, !column->target, GLIA_INVALID_ARGUMENT,
                    "glia_table_read_csv: the target '%.64s' comes twice", gli_table_name(column));
        column->target = true;
        column->policy = GLIA_MISSING_ERROR;
    }
    for (int i = 0; i < r->args.n_columns; ++i) {
        GLI_TRY(named_column(r, "columns", i, r->args.columns[i].name, &column));
        GLI_TRY(apply(r, i, &r->args.columns[i], column));
    }
    return GLIA_OK;
}

/* ---- Like another table ---- */

static glia_status copy_column(glia_table *table, const gli_table_column *from) {
    gli_table_column *to = NULL;
    int number;
    GLI_TRY(add_column(table, gli_table_name(from), -1, &to));
    to->kind = from->kind, to->target = from->target, to->index = from->index, to->seconds = from->seconds;
    to->comma = from->comma, to->policy = from->policy, to->fill = from->fill;
    for (int i = 0; i < from->categories.n; ++i)
        GLI_TRY(gli_text_set_add(table->ctx, &to->categories, gli_text_set_text(&from->categories, i), &number));
    return GLIA_OK;
}

static glia_status columns_like(gli_table_reading *r) {
    const glia_table *like = r->args.like;
    const char *name       = NULL;
    for (int i = 0; i < like->n; ++i) GLI_TRY(copy_column(r->table, &like->columns[i]));
    for (int i = 0; i < r->n_fields; ++i) {
        GLI_TRY(name_of_field(r, i, &name));
        const int found = glia_table_find(r->table, name);
        if (found < 0) continue;
        GLI_REQUIRE(r->ctx, r->table->columns[found].field < 0, GLIA_BAD_FORMAT,
                    "%s: line %lld: two columns have the name '%.64s'", r->path, (long long)r->csv.row_line, name);
        r->table->columns[found].field = i;
    }
    for (int i = 0; i < r->table->n; ++i) {
        gli_table_column *column = &r->table->columns[i];
        if (r->args.decimal) column->comma = r->args.decimal == ',';
        if (column->field >= 0 || column->kind == GLIA_COLUMN_SKIPPED) continue;
        GLI_REQUIRE(r->ctx, column->target, GLIA_BAD_FORMAT, "%s: has no column '%.64s', which the table in args has",
                    r->path, gli_table_name(column));
        column->kind   = GLIA_COLUMN_SKIPPED;
        column->target = false;
    }
    return GLIA_OK;
}

glia_status gli_table_make_columns(gli_table_reading *r) {
    GLI_TRY(gli_csv_next(&r->csv));
    GLI_REQUIRE(r->ctx, r->csv.n > 0, GLIA_BAD_FORMAT, "%s: has no line with anything in it", r->path);
    r->n_fields = r->csv.n;
    if (r->args.like) {
        GLI_TRY(columns_like(r));
    } else {
        GLI_TRY(columns_of_file(r));
        GLI_TRY(apply_args(r));
    }
    return GLIA_OK;
}
