/* Tables: CSV files whose columns are numbers, dates or categories, as datasets.
 *
 * A table is read in two steps: glia_table_read_csv finds what the columns are and converts them, and
 * glia_table_dataset makes samples of the rows. What is wrong in a file is GLIA_BAD_FORMAT, with the path, the line,
 * the column's name and the text. */
#ifndef GLIA_TABLE_H
#define GLIA_TABLE_H

#include "glia/data.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_table glia_table;

typedef enum glia_column_kind {
    /* Not to be chosen, but found: all values that are not missing are numbers, or all are dates, or it is one of
     * categories. Where up to one value to twenty numbers is none, it is an error that names its line, and so with
     * dates. */
    GLIA_COLUMN_FOUND,
    GLIA_COLUMN_NUMBER,
    GLIA_COLUMN_DATE,     /* ISO 8601, the extended format: 2024-02-29, 2024-02-29T23:59, 2024-02-29 23:59:59.5+01:00 */
    GLIA_COLUMN_CATEGORY, /* texts, each a category */
    GLIA_COLUMN_SKIPPED
} glia_column_kind;

/* What becomes of a value that is missing. */
typedef enum glia_missing {
    GLIA_MISSING_DEFAULT,      /* of a column what glia_csv_args say, of these GLIA_MISSING_ERROR */
    GLIA_MISSING_ERROR,        /* an error with its line and column */
    GLIA_MISSING_FILL,         /* fill, or fill_category */
    GLIA_MISSING_MEAN,         /* of the others; of categories the most frequent */
    GLIA_MISSING_MOST_FREQUENT /* of the others; the smallest, or the first category, of those that are equally so */
} glia_missing;

typedef struct glia_column_args {
    const char *name; /* as the header has it; without a header "column0", "column1", ... */
    glia_column_kind kind;
    glia_missing missing;
    double fill; /* a number, or a date as it is counted */
    const char *fill_category;
    /* An input of its own with the index of the category, for an embedding; otherwise one-hot. A column whose kind is
     * to be found is one of categories then, of codes that are numbers as well. */
    bool index;
    /* Of dates: seconds since 1970-01-01T00:00:00 UTC; otherwise days, with a fraction. The features of a dataset are
     * f32, which today has steps of 169 s in days and of 128 s in seconds: glia_table_values has them in f64. */
    bool seconds;
} glia_column_args;

typedef struct glia_csv_args {
    const char *const *targets; /* the names of columns */
    int n_targets;
    const glia_column_args *columns; /* those of which something is to be said, each once */
    int n_columns;
    glia_missing missing; /* of all columns but targets, whose gaps are errors; not GLIA_MISSING_FILL */
    /* 0: the tab, ';', '|' or ',' that divides the first lines into equally many fields, or else the first into most */
    char separator;
    char decimal; /* '.' or ','; 0: '.', and also ',' in columns that need it, unless it is the separator */
    bool no_header;
    const char *const *missing_words; /* NULL: NA, N/A, NaN, nan, NULL, null, ?. An empty field is missing as well */
    int n_missing_words;
    int64_t max_categories; /* of a column that becomes one-hot; default 256 */
    size_t max_bytes;       /* the largest size of the file, unpacked; default 2^32 */
    /* A table that was read before: kinds, categories and what fills gaps are its, and nothing but separator, decimal,
     * missing words and max_bytes may be said. Columns are found by their names; its targets may be absent from the
     * file, others of the file are skipped. A category that it has not is an error. Read the data that a model is
     * judged by, or predicts from, like those it was trained on. */
    const glia_table *like;
} glia_csv_args;

/* Reads a CSV file in UTF-8, gzipped too. Fields are divided by the separator, and rows by LF, CRLF or CR. A field in
 * double quotes may have all of these in it, and a double quote as two. Spaces around a field without quotes do not
 * count, and neither do lines of nothing and a byte order mark. Numbers are finite decimals; they mean the same in any
 * locale. All categories of a column in the order of their numbers, where they are numbers, and behind these by bytes.
 * args may be NULL: no targets. */
GLIA_API glia_status glia_table_read_csv(glia_context *ctx, const char *path, const glia_csv_args *args,
                                         glia_table **out);

/* NULL is allowed. What the other functions gave ends with it, but for datasets. */
GLIA_API void glia_table_destroy(glia_table *table);

typedef struct glia_column {
    const char *name;
    glia_column_kind kind;
    int64_t categories;
    int64_t missing; /* values that were */
    double fill;     /* what they became; of categories an index. NAN: an error */
    bool target;
} glia_column;

GLIA_API int64_t glia_table_rows(const glia_table *table);
GLIA_API int glia_table_columns(const glia_table *table);

/* The number of a column; -1: there is none of this name. */
GLIA_API int glia_table_find(const glia_table *table, const char *name);

/* i out of range: all zero. */
GLIA_API glia_column glia_table_column(const glia_table *table, int i);

/* Category c of column i. i or c out of range: NULL. */
GLIA_API const char *glia_table_category(const glia_table *table, int i, int64_t c);

/* The column's value of each row: its number, its date, or the index of its category. NULL for a column that is
 * skipped, and i out of range. */
GLIA_API const double *glia_table_values(const glia_table *table, int i);

/* One number of the input "features". */
typedef struct glia_feature {
    int column;
    int64_t category; /* 1 where the row has this one, else 0; -1: the column's number or date itself */
} glia_feature;

GLIA_API int64_t glia_table_features(const glia_table *table);
GLIA_API glia_feature glia_table_feature(const glia_table *table, int64_t i); /* i out of range: column is -1 */

/* A sample for each row: an input "features", an f32 vector of all columns but targets, in their order; then an input
 * for each column of category indices, an i64 scalar of its name; and the targets, each under its name: an f32 vector
 * of one number or date, or an i64 scalar with the index of a category, whose names are those of the classes. The
 * dataset has a copy. */
GLIA_API glia_status glia_table_dataset(const glia_table *table, glia_dataset **out);

#ifdef __cplusplus
}
#endif
#endif
