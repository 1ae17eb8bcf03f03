/* The inside of a table: columns of doubles. */
#ifndef GLI_DATA_TABLE_H
#define GLI_DATA_TABLE_H

#include "core/context_impl.h"
#include "data/text_set.h"
#include "glia/table.h"
#include "io/csv.h"

typedef struct gli_table_column {
    gli_block name;
    glia_column_kind kind;
    bool target, index, seconds, comma; /* comma: what its numbers have instead of a point */
    glia_missing policy;
    const char *fill_category; /* the caller's, while the table is read */
    double fill;               /* NAN: none */
    int field;                 /* of the file's rows; -1: none */
    gli_text_set categories;
    gli_block values; /* double, one for each row; NAN while it is missing */
    int64_t missing;
} gli_table_column;

struct glia_table {
    glia_context *ctx;
    int64_t rows;
    int n, capacity;
    gli_table_column *columns;
};

/* What reading goes by. */
typedef struct gli_table_reading {
    glia_context *ctx;
    const char *path;
    glia_csv_args args; /* with defaults */
    glia_table *table;
    gli_csv csv;
    int n_fields; /* of each row */
} gli_table_reading;

static inline const char *gli_table_name(const gli_table_column *column) { return column->name.data; }

/* The columns, from the file's first row and args, or from another table. */
glia_status gli_table_make_columns(gli_table_reading *reading);

/* Finds the kinds of columns and counts the rows; converts all values; fills the gaps. */
glia_status gli_table_find_kinds(gli_table_reading *reading);
glia_status gli_table_convert(gli_table_reading *reading);
glia_status gli_table_complete(gli_table_reading *reading);

#endif
