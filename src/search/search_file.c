/* The file of the trials that have ended: CSV, so that tables and spreadsheets read it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/print.h"
#include "core/size.h"
#include "io/csv.h"
#include "io/input.h"
#include "io/output.h"
#include "search/search.h"

enum { BEFORE = 4, MIDDLE = 3, BEHIND = 2, CELL = GLI_TRIAL_MESSAGE };

static const char *const before[]        = {"trial", "seed", "samples", "judge"},
                         *const middle[] = {"status", "score", "deviation"}, *const behind[] = {"seconds", "message"};

static bool is_one_of(const char *name, const char *const *names, int n) {
    for (int i = 0; i < n; ++i)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

bool gli_search_has_column(const char *name) {
    return is_one_of(name, before, BEFORE) || is_one_of(name, middle, MIDDLE) || is_one_of(name, behind, BEHIND) ||
           (strncmp(name, "fold", 4) == 0 && name[4] && strspn(name + 4, "0123456789") == strlen(name + 4));
}

/* ---- Cells ---- */

static int columns_of(const glia_search *search) {
    return BEFORE + search->n_settings + MIDDLE + search->folds + BEHIND;
}

glia_status gli_search_check_columns(const glia_search *search) {
    GLI_REQUIRE(
        search->ctx, columns_of(search) <= GLI_CSV_FIELDS, GLIA_UNSUPPORTED,
        "glia_search_run: %d settings and %d folds are more than the %d columns that a file of results may have",
        search->n_settings, search->folds, GLI_CSV_FIELDS);
    return GLIA_OK;
}

/* What the file has at most, with quotes around each cell and each character a quote; beyond it is of something else.
 * What a program of tables has saved may be longer than what is written here. */
static uint64_t most_bytes(const glia_search *search) {
    enum { USUAL = 1 << 28 };
    const int64_t cells = gli_saturating_mul(search->trials + 1, columns_of(search));
    return (uint64_t)gli_max_i64(gli_saturating_mul(cells, 2 * CELL + 3), USUAL);
}

static const char *header_of(const glia_search *search, int column, char text[CELL]) {
    if (column < BEFORE) return before[column];
    column -= BEFORE;
    if (column < search->n_settings) return search->settings[column].name;
    column -= search->n_settings;
    if (column < MIDDLE) return middle[column];
    column -= MIDDLE;
    if (column >= search->folds) return behind[column - search->folds];
    snprintf(text, CELL, "fold%d", column);
    return text;
}

static const char *number(char text[CELL], double value) {
    if (!isfinite(value)) return "";
    gli_format_exactly(text, CELL, value);
    return text;
}

/* What is known of a trial before it runs. */
static const char *plan_of(const glia_search *search, int64_t i, int column, char text[CELL]) {
    if (column >= BEFORE) return gli_trial_value(search, i, column - BEFORE, text);
    if (column == 3) return search->judge;
    snprintf(text, CELL, "%llu",
             column == 0   ? (unsigned long long)i
             : column == 1 ? (unsigned long long)gli_trial_seed(search, i)
                           : (unsigned long long)search->samples);
    return text;
}

static const char *cell_of(const glia_search *search, int64_t i, int column, char text[CELL]) {
    const gli_trial_row *row = gli_trial_row_of(search, i);
    const int planned        = BEFORE + search->n_settings;
    if (column < planned) return plan_of(search, i, column, text);
    column -= planned;
    if (column == 0) return glia_status_name(row->status);
    if (column < MIDDLE) return number(text, column == 1 ? row->score : row->deviation);
    column -= MIDDLE;
    if (column < search->folds) return row->status == GLIA_OK ? number(text, gli_trial_scores(search, i)[column]) : "";
    if (column > search->folds) return row->message;
    gli_format(text, CELL, "%.3f", row->seconds);
    return text;
}

/* ---- Writing ---- */

/* With quotes where it could be taken for something else. */
static glia_status put_cell(gli_output *out, const char *text, bool last) {
    const size_t length = strlen(text);
    const bool quoted   = strpbrk(text, "\",;|\t") || *text == ' ' || (length > 0 && text[length - 1] == ' ');
    if (quoted) GLI_TRY(gli_output_write(out, "\"", 1));
    for (size_t i = 0; i < length; ++i) {
        if (text[i] == '"') GLI_TRY(gli_output_write(out, "\"", 1));
        GLI_TRY(gli_output_write(out, text + i, 1));
    }
    if (quoted) GLI_TRY(gli_output_write(out, "\"", 1));
    return gli_output_write(out, last ? "\n" : ",", 1);
}

static glia_status put_all(const glia_search *search, gli_output *out) {
    const int n = columns_of(search);
    char text[CELL];
    for (int c = 0; c < n; ++c) GLI_TRY(put_cell(out, header_of(search, c, text), c == n - 1));
    for (int64_t i = 0; i < search->trials; ++i)
        for (int c = 0; c < n && gli_trial_row_of(search, i)->ended; ++c)
            GLI_TRY(put_cell(out, cell_of(search, i, c, text), c == n - 1));
    return GLIA_OK;
}

glia_status gli_search_write(const glia_search *search, const char *path) {
    gli_output out;
    GLI_TRY(gli_output_open(search->ctx, path, &out));
    const glia_status status = put_all(search, &out);
    if (status == GLIA_OK) return gli_output_commit(&out);
    gli_output_abandon(&out);
    return status;
}

/* ---- Reading ---- */

typedef struct reading {
    glia_search *search;
    const char *path;
    gli_csv csv;
} reading;

static glia_status text_of(reading *r, int column, const char **out) {
    char name[CELL];
    return gli_csv_text(&r->csv, &r->csv.fields[column], header_of(r->search, column, name), out);
}

static glia_status number_of(reading *r, int column, double *out) {
    char name[CELL], shown[GLI_CSV_SHOWN];
    const gli_csv_field *field = &r->csv.fields[column];
    GLI_REQUIRE(r->search->ctx, gli_csv_number(field, '.', out) && isfinite(*out), GLIA_BAD_FORMAT,
                "%s: line %lld, column '%s': '%s' is no number", r->path, (long long)r->csv.row_line,
                header_of(r->search, column, name), gli_csv_show(field, shown));
    return GLIA_OK;
}

/* The column says what this search says. */
static glia_status expect(reading *r, int column, const char *wanted, const char *what) {
    char shown[GLI_CSV_SHOWN];
    const char *found;
    GLI_TRY(text_of(r, column, &found));
    GLI_REQUIRE(r->search->ctx, strcmp(found, wanted) == 0, GLIA_BAD_FORMAT,
                "%s: line %lld: %s is '%s', this search's is '%s': the file is of another search", r->path,
                (long long)r->csv.row_line, what, gli_csv_show(&r->csv.fields[column], shown), wanted);
    return GLIA_OK;
}

static glia_status read_header(reading *r) {
    const int n = columns_of(r->search);
    char text[CELL], what[32];
    GLI_TRY(gli_csv_next(&r->csv));
    for (int c = 0; c < n && c < r->csv.n; ++c) {
        snprintf(what, sizeof what, "column %d", c + 1);
        GLI_TRY(expect(r, c, header_of(r->search, c, text), what));
    }
    GLI_REQUIRE(r->search->ctx, r->csv.n == n, GLIA_BAD_FORMAT,
                "%s: has %d columns, this search %d: the file is of another search", r->path, r->csv.n, n);
    return GLIA_OK;
}

static glia_status read_status(reading *r, int column, glia_status *out) {
    const char *name;
    char shown[GLI_CSV_SHOWN];
    GLI_TRY(text_of(r, column, &name));
    for (int s = GLIA_OK; s <= GLIA_DEVICE_LOST; ++s)
        if (strcmp(name, glia_status_name((glia_status)s)) == 0) return *out = (glia_status)s, GLIA_OK;
    return gli_fail(r->search->ctx, GLIA_BAD_FORMAT, "%s: line %lld: '%s' is no status", r->path,
                    (long long)r->csv.row_line, gli_csv_show(&r->csv.fields[column], shown));
}

static glia_status read_result(reading *r, int64_t i, bool retry) {
    glia_search *search = r->search;
    gli_trial_row *row  = gli_trial_row_of(search, i);
    const int first     = BEFORE + search->n_settings;
    const int seconds   = first + MIDDLE + search->folds;
    const char *message;
    const double most_seconds = 1e12; /* of which the file has all digits */
    GLI_TRY(read_status(r, first, &row->status));
    if (row->status != GLIA_OK && retry) return GLIA_OK;
    for (int f = 0; f < search->folds && row->status == GLIA_OK; ++f)
        GLI_TRY(number_of(r, first + MIDDLE + f, &gli_trial_scores(search, i)[f]));
    gli_trial_summarize(search, i);
    GLI_TRY(number_of(r, seconds, &row->seconds));
    GLI_REQUIRE(search->ctx, row->seconds >= 0 && row->seconds <= most_seconds, GLIA_BAD_FORMAT,
                "%s: line %lld: %g seconds are no time of a trial", r->path, (long long)r->csv.row_line, row->seconds);
    GLI_TRY(text_of(r, seconds + 1, &message));
    GLI_REQUIRE(search->ctx, strlen(message) < sizeof row->message, GLIA_BAD_FORMAT,
                "%s: line %lld: the message has %zu bytes, at most %zu", r->path, (long long)r->csv.row_line,
                strlen(message), sizeof row->message - 1);
    strcpy(row->message, message);
    gli_replace_control(row->message);
    row->ended = true;
    return GLIA_OK;
}

static glia_status read_row(reading *r, bool retry) {
    glia_search *search = r->search;
    double trial        = 0;
    char text[CELL];
    GLI_REQUIRE(search->ctx, r->csv.n == columns_of(search), GLIA_BAD_FORMAT,
                "%s: line %lld: has %d fields, must be %d", r->path, (long long)r->csv.row_line, r->csv.n,
                columns_of(search));
    GLI_TRY(number_of(r, 0, &trial));
    GLI_REQUIRE(search->ctx, trial >= 0 && trial < (double)search->trials && trial == floor(trial), GLIA_BAD_FORMAT,
                "%s: line %lld: is trial %.17g, this search has %lld", r->path, (long long)r->csv.row_line, trial,
                (long long)search->trials);
    const int64_t i = (int64_t)trial;
    GLI_REQUIRE(search->ctx, !gli_trial_row_of(search, i)->ended, GLIA_BAD_FORMAT, "%s: line %lld: trial %lld again",
                r->path, (long long)r->csv.row_line, (long long)i);
    for (int c = 1; c < BEFORE + search->n_settings; ++c) {
        char planned[CELL];
        GLI_TRY(expect(r, c, plan_of(search, i, c, planned), header_of(search, c, text)));
    }
    return read_result(r, i, retry);
}

static glia_status read_rows(reading *r, bool retry) {
    GLI_TRY(read_header(r));
    for (;;) {
        GLI_TRY(gli_csv_next(&r->csv));
        if (r->csv.n == 0) return GLIA_OK;
        GLI_TRY(read_row(r, retry));
    }
}

glia_status gli_search_read(glia_search *search, const char *path, bool retry) {
    gli_block block;
    const glia_status found = gli_input_whole(search->ctx, path, most_bytes(search), &block);
    if (found == GLIA_NOT_FOUND) return gli_forget_failure(search->ctx), GLIA_OK;
    GLI_TRY(found);
    const gli_named_bytes in = {search->ctx, path, block.data, block.bytes};
    reading r                = {.search = search, .path = path};
    glia_status status       = gli_csv_open(&in, ',', &r.csv);
    if (status == GLIA_OK) {
        status = read_rows(&r, retry);
        gli_csv_close(&r.csv);
    }
    gli_block_free(search->ctx, &block);
    return status;
}
