#include "io/csv.h"

#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"

static size_t begin_of(const gli_named_bytes *in) {
    static const char mark[] = "\xef\xbb\xbf";
    return in->size >= 3 && memcmp(in->data, mark, 3) == 0 ? 3 : 0;
}

void gli_csv_rewind(gli_csv *csv) {
    csv->at   = begin_of(csv->in);
    csv->line = 1;
    csv->n    = 0;
}

void gli_csv_close(gli_csv *csv) {
    gli_free(csv->in->ctx, csv->fields, (size_t)csv->capacity, sizeof *csv->fields);
    gli_block_free(csv->in->ctx, &csv->text);
}

/* ---- Records ---- */

static char peek(const gli_csv *csv) { return csv->at < csv->in->size ? (char)csv->in->data[csv->at] : '\n'; }

static bool is_space(const gli_csv *csv, char c) { return (c == ' ' || c == '\t') && c != csv->separator; }

static bool ends_field(const gli_csv *csv, char c) { return c == csv->separator || c == '\n' || c == '\r'; }

static void skip_spaces(gli_csv *csv) {
    while (is_space(csv, peek(csv))) ++csv->at;
}

static void skip_line_end(gli_csv *csv) {
    if (csv->at >= csv->in->size) return;
    const bool both = peek(csv) == '\r' && csv->at + 1 < csv->in->size && csv->in->data[csv->at + 1] == '\n';
    csv->at += both ? 2 : 1;
    ++csv->line;
}

/* Behind the opening quote. */
static glia_status read_quoted(gli_csv *csv, gli_csv_field *field) {
    const int64_t line = csv->line;
    const char *data   = (const char *)csv->in->data;
    *field             = (gli_csv_field){.text = data + csv->at, .quoted = true};
    for (;; ++csv->at) {
        GLI_REQUIRE(csv->in->ctx, csv->at < csv->in->size, GLIA_BAD_FORMAT,
                    "%s: line %lld: field %d has an opening quote and no closing one", csv->in->where, (long long)line,
                    csv->n + 1);
        const char c    = data[csv->at];
        const bool next = csv->at + 1 < csv->in->size && data[csv->at + 1] == '"';
        if (c == '"' && !next) break;
        if (c == '"') field->doubled = true, ++csv->at;
        if (c == '\n' || (c == '\r' && csv->at + 1 < csv->in->size && data[csv->at + 1] != '\n')) ++csv->line;
    }
    field->bytes = (size_t)(data + csv->at++ - field->text);
    skip_spaces(csv);
    GLI_REQUIRE(csv->in->ctx, ends_field(csv, peek(csv)), GLIA_BAD_FORMAT,
                "%s: line %lld: field %d goes on after its closing quote", csv->in->where, (long long)csv->line,
                csv->n + 1);
    return GLIA_OK;
}

static void read_plain(gli_csv *csv, gli_csv_field *field) {
    const char *data = (const char *)csv->in->data;
    size_t end       = csv->at;
    *field           = (gli_csv_field){.text = data + csv->at};
    for (; !ends_field(csv, peek(csv)); ++csv->at)
        if (!is_space(csv, peek(csv))) end = csv->at + 1;
    field->bytes = (size_t)(data + end - field->text);
}

static glia_status read_field(gli_csv *csv) {
    GLI_REQUIRE(csv->in->ctx, csv->n < GLI_CSV_FIELDS, GLIA_UNSUPPORTED, "%s: line %lld: has more than %d fields",
                csv->in->where, (long long)csv->line, csv->n);
    GLI_TRY(gli_grow(csv->in->ctx, &csv->fields, &csv->capacity, csv->n + 1, sizeof *csv->fields, "a row of a table"));
    gli_csv_field *field = &csv->fields[csv->n];
    skip_spaces(csv);
    if (csv->at < csv->in->size && peek(csv) == '"') {
        ++csv->at;
        GLI_TRY(read_quoted(csv, field));
    } else {
        read_plain(csv, field);
    }
    ++csv->n;
    return GLIA_OK;
}

glia_status gli_csv_next(gli_csv *csv) {
    bool empty = true;
    for (csv->n = 0; csv->at < csv->in->size && empty; skip_line_end(csv)) {
        csv->n        = 0;
        csv->row_line = csv->line;
        GLI_TRY(read_field(csv));
        while (csv->at < csv->in->size && peek(csv) == csv->separator) {
            ++csv->at;
            GLI_TRY(read_field(csv));
        }
        empty = csv->n == 1 && csv->fields[0].bytes == 0 && !csv->fields[0].quoted;
    }
    if (empty) csv->n = 0;
    return GLIA_OK;
}

/* ---- The separator ---- */

/* Whether it divides the first records into equally many fields, of at least two. *first: those of the first. */
static glia_status divides(gli_csv *csv, int *first, bool *out) {
    enum { RECORDS = 10 };
    const unsigned failures = csv->in->ctx->failures;
    int n                   = 0;
    *out                    = true;
    gli_csv_rewind(csv);
    for (int i = 0; i < RECORDS && *out; ++i) {
        const glia_status status = gli_csv_next(csv);
        if (status == GLIA_OUT_OF_MEMORY) return status;
        if (csv->in->ctx->failures != failures) gli_forget_failure(csv->in->ctx);
        if (status == GLIA_OK && i > 0 && csv->n == 0) break;
        if (i == 0) n = csv->n;
        *out = status == GLIA_OK && csv->n == n && n > 1;
    }
    *first = n;
    return GLIA_OK;
}

glia_status gli_csv_open(const gli_named_bytes *in, char separator, gli_csv *out) {
    static const char candidates[] = "\t;|,";
    *out                           = (gli_csv){.in = in, .separator = separator};
    glia_status status             = GLIA_OK;
    bool found                     = separator != 0;
    int most = 1, first = 0;
    char likely = ',';
    for (const char *c = candidates; *c && !found && status == GLIA_OK; ++c) {
        out->separator = *c;
        status         = divides(out, &first, &found);
        if (first > most) most = first, likely = *c;
    }
    if (status != GLIA_OK) return gli_csv_close(out), status;
    if (!found) out->separator = likely; /* a line of another length is an error then that names it */
    gli_csv_rewind(out);
    return GLIA_OK;
}

/* ---- Texts ---- */

/* A byte as it is shown: itself, or "\x00" for one that no reader would see. */
static size_t show_byte(char byte, char *to) {
    const unsigned char c = (unsigned char)byte;
    if (c >= ' ' && c != 0x7f) return *to = byte, 1;
    return (size_t)sprintf(to, "\\x%02x", c);
}

const char *gli_csv_show(const gli_csv_field *field, char text[GLI_CSV_SHOWN]) {
    static const char dots[] = "...";
    enum { ESCAPED = 4 };
    size_t used = 0, n = 0, whole = 0;
    for (; n < field->bytes && used + ESCAPED + sizeof dots <= GLI_CSV_SHOWN; ++n) {
        if ((field->text[n] & 0xc0) != 0x80) whole = used; /* a character begins */
        used += show_byte(field->text[n], text + used);
    }
    if (n < field->bytes && (field->text[n] & 0xc0) == 0x80) used = whole; /* one that was cut stays out */
    strcpy(text + used, n < field->bytes ? dots : "");
    return text;
}

glia_status gli_csv_text(gli_csv *csv, const gli_csv_field *field, const char *name, const char **out) {
    char shown[GLI_CSV_SHOWN];
    const bool has_nul = memchr(field->text, 0, field->bytes) != NULL;
    GLI_REQUIRE(csv->in->ctx, gli_utf8_valid(field->text, field->bytes) && !has_nul, GLIA_BAD_FORMAT,
                "%s: line %lld, column '%.64s': '%s' %s", csv->in->where, (long long)csv->row_line, name,
                gli_csv_show(field, shown), has_nul ? "has a NUL byte" : "is not UTF-8");
    if (csv->text.bytes <= field->bytes) {
        gli_block_free(csv->in->ctx, &csv->text);
        GLI_TRY(gli_block_alloc(csv->in->ctx, field->bytes + 1, 2, "a text of a table", &csv->text));
    }
    char *to = csv->text.data;
    for (size_t i = 0; i < field->bytes; ++i) {
        *to++ = field->text[i];
        if (field->doubled && field->text[i] == '"') ++i;
    }
    *to  = '\0';
    *out = csv->text.data;
    return GLIA_OK;
}
