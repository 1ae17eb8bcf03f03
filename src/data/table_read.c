/* Reading a table: the kinds of its columns, then its values. */
#include <math.h>
#include <string.h>

#include "core/size.h"
#include "data/table.h"
#include "io/input.h"

enum { DAY_SECONDS = 24 * 60 * 60 };

static const char *const missing_words[] = {"NA", "N/A", "NaN", "nan", "NULL", "null", "?"};

static bool is_missing(const gli_table_reading *r, const gli_csv_field *field) {
    if (field->bytes == 0) return true;
    for (int i = 0; i < r->args.n_missing_words && !field->quoted; ++i) {
        const char *word = r->args.missing_words[i];
        if (strlen(word) == field->bytes && memcmp(word, field->text, field->bytes) == 0) return true;
    }
    return false;
}

/* The next row, which has as many fields as the first; n is 0 at the end. */
static glia_status next_row(gli_table_reading *r) {
    char shown[GLI_CSV_SHOWN];
    GLI_TRY(gli_csv_next(&r->csv));
    GLI_REQUIRE(r->ctx, r->csv.n == 0 || r->csv.n == r->n_fields, GLIA_BAD_FORMAT,
                "%s: line %lld: has %d fields, the first line %d; column '%.64s' would be '%s'", r->path,
                (long long)r->csv.row_line, r->csv.n, r->n_fields, gli_table_name(&r->table->columns[0]),
                gli_csv_show(&r->csv.fields[0], shown));
    return GLIA_OK;
}

/* To the first row behind the header. */
static glia_status first_row(gli_table_reading *r) {
    gli_csv_rewind(&r->csv);
    return r->args.no_header ? GLIA_OK : gli_csv_next(&r->csv);
}

/* ---- Kinds ---- */

/* How many values of a column are of a kind, and the first that is not. */
typedef struct fitting {
    int64_t n, line;
    char other[GLI_CSV_SHOWN];
} fitting;

/* What the values of a column can be, that are not missing. */
typedef struct possible {
    int64_t values;
    fitting point, comma, date;
} possible;

static void count(fitting *kind, bool fits, int64_t values, const gli_table_reading *r, const gli_csv_field *field) {
    if (!fits && kind->n == values) {
        kind->line = r->csv.row_line;
        gli_csv_show(field, kind->other);
    }
    kind->n += fits;
}

static void narrow(possible *p, const gli_table_reading *r, const gli_csv_field *field) {
    double value;
    count(&p->point, gli_csv_number(field, '.', &value), p->values, r, field);
    count(&p->comma, gli_csv_number(field, ',', &value), p->values, r, field);
    count(&p->date, gli_csv_date(field, &value), p->values, r, field);
    ++p->values;
}

/* Nearly all values are of a kind: the others are mistakes, not categories. */
static glia_status check_nearly(const gli_table_reading *r, const possible *p, const fitting *kind, const char *what,
                                const gli_table_column *column) {
    enum { NEARLY = 20 };
    const int64_t others = p->values - kind->n;
    GLI_REQUIRE(r->ctx, others == 0 || others * NEARLY > kind->n, GLIA_BAD_FORMAT,
                "%s: line %lld, column '%.64s': '%s' is no %s, as %lld of %lld values are: correct it, add it to "
                "missing_words, or say that the column is GLIA_COLUMN_CATEGORY",
                r->path, (long long)kind->line, gli_table_name(column), kind->other, what, (long long)kind->n,
                (long long)p->values);
    return GLIA_OK;
}

static glia_status decide(const gli_table_reading *r, const possible *p, gli_table_column *column) {
    const bool may_comma = r->args.decimal == 0 && r->csv.separator != ',';
    if (r->args.decimal == 0) column->comma = may_comma && p->comma.n > p->point.n;
    const fitting *number = column->comma ? &p->comma : &p->point;
    if (column->kind != GLIA_COLUMN_FOUND) return GLIA_OK;
    column->kind = number->n == p->values   ? GLIA_COLUMN_NUMBER
                   : p->date.n == p->values ? GLIA_COLUMN_DATE
                                            : GLIA_COLUMN_CATEGORY;
    if (column->kind != GLIA_COLUMN_CATEGORY) return GLIA_OK;
    GLI_TRY(check_nearly(r, p, number, "number", column));
    return check_nearly(r, p, &p->date, "date", column);
}

static glia_status look_at_rows(gli_table_reading *r, possible *of) {
    glia_table *table = r->table;
    memset(of, 0, (size_t)table->n * sizeof *of);
    GLI_TRY(first_row(r));
    for (;; ++table->rows) {
        GLI_TRY(next_row(r));
        if (r->csv.n == 0) break;
        for (int i = 0; i < table->n; ++i) {
            const int field = table->columns[i].field;
            if (field >= 0 && !is_missing(r, &r->csv.fields[field])) narrow(&of[i], r, &r->csv.fields[field]);
        }
    }
    for (int i = 0; i < table->n; ++i) GLI_TRY(decide(r, &of[i], &table->columns[i]));
    return GLIA_OK;
}

glia_status gli_table_find_kinds(gli_table_reading *r) {
    gli_block block;
    GLI_TRY(gli_block_alloc(r->ctx, (size_t)r->table->n, sizeof(possible), "the columns of a table", &block));
    const glia_status status = look_at_rows(r, block.data);
    gli_block_free(r->ctx, &block);
    return status;
}

/* ---- Values ---- */

static glia_status wrong(const gli_table_reading *r, const gli_table_column *column, const gli_csv_field *field,
                         const char *what) {
    char shown[GLI_CSV_SHOWN];
    return gli_fail(r->ctx, GLIA_BAD_FORMAT, "%s: line %lld, column '%.64s': '%s' %s", r->path,
                    (long long)r->csv.row_line, gli_table_name(column), gli_csv_show(field, shown), what);
}

static glia_status convert_category(gli_table_reading *r, gli_table_column *column, const gli_csv_field *field,
                                    double *out) {
    const char *text = NULL;
    int number       = 0;
    GLI_TRY(gli_csv_text(&r->csv, field, gli_table_name(column), &text));
    if (r->args.like) {
        number = gli_text_set_find(&column->categories, text);
        if (number < 0) return wrong(r, column, field, "is no category of the table in args");
    } else {
        const bool one_hot = !column->index && !column->target;
        GLI_TRY(gli_text_set_add(r->ctx, &column->categories, text, &number));
        GLI_REQUIRE(r->ctx, !one_hot || column->categories.n <= r->args.max_categories, GLIA_BAD_FORMAT,
                    "%s: line %lld: column '%.64s' has more than %lld categories, the limit (max_categories): skip it, "
                    "take its index, or make it GLIA_COLUMN_NUMBER to hear which values are none",
                    r->path, (long long)r->csv.row_line, gli_table_name(column), (long long)r->args.max_categories);
    }
    *out = number;
    return GLIA_OK;
}

static glia_status convert_field(gli_table_reading *r, gli_table_column *column, const gli_csv_field *field,
                                 double *out) {
    if (is_missing(r, field)) {
        ++column->missing;
        *out = NAN;
        return column->policy == GLIA_MISSING_ERROR ? wrong(r, column, field, "is missing") : GLIA_OK;
    }
    if (column->kind == GLIA_COLUMN_CATEGORY) return convert_category(r, column, field, out);
    if (column->kind == GLIA_COLUMN_DATE) {
        if (!gli_csv_date(field, out)) return wrong(r, column, field, "is no date, such as 2024-02-29T23:59:59");
        if (!column->seconds) *out /= DAY_SECONDS;
        return GLIA_OK;
    }
    if (!gli_csv_number(field, column->comma ? ',' : '.', out)) return wrong(r, column, field, "is no number");
    return isfinite(*out) ? GLIA_OK : wrong(r, column, field, "is out of range");
}

glia_status gli_table_convert(gli_table_reading *r) {
    glia_table *table = r->table;
    for (int i = 0; i < table->n; ++i)
        if (table->columns[i].kind != GLIA_COLUMN_SKIPPED)
            GLI_TRY(gli_block_alloc(r->ctx, (size_t)table->rows, sizeof(double), "the values of a table",
                                    &table->columns[i].values));
    GLI_TRY(first_row(r));
    for (int64_t row = 0; row < table->rows; ++row) {
        GLI_TRY(next_row(r));
        for (int i = 0; i < table->n; ++i) {
            gli_table_column *column = &table->columns[i];
            if (column->kind == GLIA_COLUMN_SKIPPED) continue;
            GLI_TRY(convert_field(r, column, &r->csv.fields[column->field], (double *)column->values.data + row));
        }
    }
    return GLIA_OK;
}

/* ---- The whole ---- */

static glia_status check_like(glia_context *ctx, const glia_csv_args *args) {
    if (!args->like) return GLIA_OK;
    GLI_REQUIRE(ctx, args->like->ctx == ctx, GLIA_DEVICE_MISMATCH, "glia_table_read_csv: like is of another context");
    GLI_REQUIRE(ctx, args->n_targets == 0 && args->n_columns == 0 && !args->missing && !args->max_categories,
                GLIA_INVALID_ARGUMENT,
                "glia_table_read_csv: like says what columns are: n_targets is %d, n_columns %d, missing %d, "
                "max_categories %lld",
                args->n_targets, args->n_columns, (int)args->missing, (long long)args->max_categories);
    return GLIA_OK;
}

static glia_status check_words(glia_context *ctx, const glia_csv_args *args) {
    for (int i = 0; i < args->n_missing_words; ++i)
        GLI_REQUIRE(ctx, args->missing_words[i], GLIA_INVALID_ARGUMENT,
                    "glia_table_read_csv: missing_words[%d] is NULL", i);
    return GLIA_OK;
}

static glia_status read_args(glia_context *ctx, const glia_csv_args *given, glia_csv_args *out) {
    const char *function = "glia_table_read_csv";
    *out                 = given ? *given : (glia_csv_args){0};
    GLI_REQUIRE(ctx, out->n_targets >= 0 && out->n_columns >= 0 && out->n_missing_words >= 0, GLIA_INVALID_ARGUMENT,
                "%s: n_targets is %d, n_columns %d, n_missing_words %d, must not be negative", function, out->n_targets,
                out->n_columns, out->n_missing_words);
    GLI_REQUIRE(ctx, (out->targets || !out->n_targets) && (out->columns || !out->n_columns), GLIA_INVALID_ARGUMENT,
                "%s: %s is NULL", function, out->targets || !out->n_targets ? "columns" : "targets");
    GLI_REQUIRE(ctx,
                out->missing >= GLIA_MISSING_DEFAULT && out->missing <= GLIA_MISSING_MOST_FREQUENT &&
                    out->missing != GLIA_MISSING_FILL,
                GLIA_INVALID_ARGUMENT, "%s: missing is %d, must be an error, the mean or the most frequent", function,
                (int)out->missing);
    GLI_REQUIRE(ctx, !out->decimal || out->decimal == '.' || out->decimal == ',', GLIA_INVALID_ARGUMENT,
                "%s: decimal is 0x%02x, must be '.' or ','", function, (unsigned char)out->decimal);
    GLI_REQUIRE(ctx, !out->separator || !strchr("\"\r\n .", out->separator), GLIA_INVALID_ARGUMENT,
                "%s: separator is 0x%02x, must be no quote, point, space or line's end", function,
                (unsigned char)out->separator);
    GLI_REQUIRE(ctx, out->max_categories >= 0, GLIA_INVALID_ARGUMENT, "%s: max_categories is %lld", function,
                (long long)out->max_categories);
    GLI_TRY(check_like(ctx, out));
    if (!out->missing_words) {
        GLI_REQUIRE(ctx, !out->n_missing_words, GLIA_INVALID_ARGUMENT, "%s: missing_words is NULL", function);
        out->missing_words   = missing_words;
        out->n_missing_words = sizeof missing_words / sizeof *missing_words;
    }
    if (!out->max_categories) out->max_categories = 256;
    if (!out->max_bytes) out->max_bytes = (size_t)1 << 32;
    return check_words(ctx, out);
}

static glia_status read_table(gli_table_reading *r) {
    GLI_TRY(gli_table_make_columns(r));
    GLI_TRY(gli_table_find_kinds(r));
    GLI_TRY(gli_table_convert(r));
    return gli_table_complete(r);
}

/* What spreadsheets save as "Unicode text". */
static glia_status check_encoding(const gli_named_bytes *in) {
    const bool marked = in->size >= 2 && (memcmp(in->data, "\xff\xfe", 2) == 0 || memcmp(in->data, "\xfe\xff", 2) == 0);
    GLI_REQUIRE(in->ctx, !marked, GLIA_UNSUPPORTED, "%s: is UTF-16, save it as UTF-8", in->where);
    return GLIA_OK;
}

static glia_status read_file(gli_table_reading *r) {
    gli_block block;
    GLI_TRY(gli_input_whole(r->ctx, r->path, r->args.max_bytes, &block));
    const gli_named_bytes in = {r->ctx, r->path, block.data, block.bytes};
    glia_status status       = check_encoding(&in);
    if (status == GLIA_OK) status = gli_csv_open(&in, r->args.separator, &r->csv);
    if (status == GLIA_OK) {
        status = read_table(r);
        gli_csv_close(&r->csv);
    }
    gli_block_free(r->ctx, &block);
    return status;
}

static glia_status read_new(glia_context *ctx, const char *path, const glia_csv_args *args, glia_table **out) {
    gli_table_reading r = {.ctx = ctx, .path = path};
    void *memory;
    GLI_REQUIRE(ctx, path && out, GLIA_INVALID_ARGUMENT, "glia_table_read_csv: %s is NULL", path ? "out" : "path");
    GLI_TRY(read_args(ctx, args, &r.args));
    GLI_TRY(gli_new(ctx, 1, sizeof(glia_table), "a table", &memory));
    r.table      = memory;
    r.table->ctx = ctx;
    gli_context_retain(ctx);
    const glia_status status = read_file(&r);
    if (status != GLIA_OK) return glia_table_destroy(r.table), status;
    *out = r.table;
    return GLIA_OK;
}

glia_status glia_table_read_csv(glia_context *ctx, const char *path, const glia_csv_args *args, glia_table **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = read_new(ctx, path, args, out);
    gli_leave(ctx);
    return status;
}
