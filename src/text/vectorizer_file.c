/* Vectorizers as text files: "glia-vectorizer 1", a line "name value" for each setting in their order, the stop words,
 * a line each, and the columns: the texts that have one, a space and its n-gram; with buckets the texts alone. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "text/lines.h"
#include "text/vectorizer.h"

#define MAGIC "glia-vectorizer 1"

/* What a file begins with. */
typedef struct header {
    gli_vectorizer_settings settings;
    int64_t unit, stop_words, columns;
} header;

static const struct {
    const char *name;
    bool flag; /* bool, otherwise int64_t */
    size_t offset;
} entries[] = {
#define NUMBER(name, member) {name, false, offsetof(header, member)}
#define FLAG(name, member) {name, true, offsetof(header, settings.member)}
    NUMBER("texts", settings.texts),
    NUMBER("minimum_n", settings.minimum_n),
    NUMBER("maximum_n", settings.maximum_n),
    NUMBER("buckets", settings.buckets),
    NUMBER("weight", settings.weight),
    NUMBER("unit", unit),
    FLAG("idf", idf),
    FLAG("unit_length", unit_length),
    FLAG("lowercase", tokenizer.lowercase),
    FLAG("drop_punctuation", tokenizer.drop_punctuation),
    FLAG("replace_invalid", tokenizer.replace_invalid),
    FLAG("clean_html", clean.html),
    FLAG("clean_urls", clean.urls),
    FLAG("clean_mentions", clean.mentions),
    FLAG("clean_hashtags", clean.hashtags),
    FLAG("clean_lowercase", clean.lowercase),
    FLAG("clean_punctuation", clean.punctuation),
    FLAG("clean_white_space", clean.white_space),
    FLAG("clean_replace_invalid", clean.replace_invalid),
    NUMBER("stop_words", stop_words),
    NUMBER("columns", columns),
#undef NUMBER
#undef FLAG
};
enum { ENTRIES = sizeof entries / sizeof *entries };

/* ---- Writing ---- */

static glia_status write_header(const glia_vectorizer *v, gli_output *out) {
    const header h = {.settings   = v->settings,
                      .unit       = (int64_t)v->settings.tokenizer.unit,
                      .stop_words = gli_token_table_count(&v->stop_words),
                      .columns    = glia_vectorizer_size(v)};
    GLI_TRY(gli_output_write(out, MAGIC "\n", strlen(MAGIC "\n")));
    for (int i = 0; i < ENTRIES; ++i) {
        char line[64];
        const void *at  = (const char *)&h + entries[i].offset;
        const int bytes = snprintf(line, sizeof line, "%s %lld\n", entries[i].name,
                                   entries[i].flag ? (long long)*(const bool *)at : (long long)*(const int64_t *)at);
        GLI_TRY(gli_output_write(out, line, (size_t)bytes));
    }
    return GLIA_OK;
}

static glia_status write_columns(const glia_vectorizer *v, gli_output *out) {
    const bool terms = v->settings.buckets == 0;
    for (int64_t i = 0; i < glia_vectorizer_size(v); ++i) {
        char number[32];
        const int bytes =
            snprintf(number, sizeof number, "%lld%c", (long long)glia_vectorizer_documents(v, i), terms ? ' ' : '\n');
        GLI_TRY(gli_output_write(out, number, (size_t)bytes));
        if (terms) GLI_TRY(gli_lines_write(gli_token_table_get(&v->terms, i), out));
    }
    return GLIA_OK;
}

static glia_status write_all(const glia_vectorizer *v, gli_output *out) {
    GLI_TRY(write_header(v, out));
    for (int64_t i = 0; i < gli_token_table_count(&v->stop_words); ++i)
        GLI_TRY(gli_lines_write(gli_token_table_get(&v->stop_words, i), out));
    return write_columns(v, out);
}

static glia_status write_file(const glia_vectorizer *v, const char *path) {
    gli_output out;
    GLI_REQUIRE(v->ctx, path, GLIA_INVALID_ARGUMENT, "glia_vectorizer_write: path is NULL");
    GLI_TRY(gli_output_open(v->ctx, path, &out));
    const glia_status status = write_all(v, &out);
    if (status == GLIA_OK) return gli_output_commit(&out);
    gli_output_abandon(&out);
    return status;
}

glia_status glia_vectorizer_write(const glia_vectorizer *vectorizer, const char *path) {
    GLI_REQUIRE_OBJECT(vectorizer);
    GLI_TRY(gli_enter(vectorizer->ctx));
    const glia_status status = write_file(vectorizer, path);
    gli_leave(vectorizer->ctx);
    return status;
}

/* ---- Reading ---- */

static glia_status read_entry(gli_lines *r, int i, header *h) {
    glia_text line;
    int64_t value = 0;
    GLI_TRY(gli_lines_take(r, &line));
    const glia_text name = gli_lines_word(&line);
    GLI_REQUIRE(r->ctx, gli_lines_equal(name, entries[i].name), GLIA_BAD_FORMAT, "%s: line %lld is not of '%s'",
                r->path, (long long)r->line, entries[i].name);
    GLI_REQUIRE(r->ctx, gli_lines_count(line, entries[i].flag ? 1 : INT64_MAX, &value), GLIA_BAD_FORMAT,
                "%s: line %lld: '%.*s' is no value of %s", r->path, (long long)r->line,
                (int)gli_min_size(line.bytes, 32), line.data, entries[i].name);
    void *at = (char *)h + entries[i].offset;
    if (entries[i].flag)
        *(bool *)at = value == 1;
    else
        *(int64_t *)at = value;
    return GLIA_OK;
}

static glia_status read_header(gli_lines *r, header *h) {
    glia_text line;
    GLI_TRY(gli_lines_take(r, &line));
    GLI_REQUIRE(r->ctx, gli_lines_equal(line, MAGIC), GLIA_BAD_FORMAT, "%s: does not begin with '" MAGIC "'", r->path);
    for (int i = 0; i < ENTRIES; ++i) GLI_TRY(read_entry(r, i, h));
    GLI_REQUIRE(r->ctx, h->unit <= GLIA_CHARACTERS, GLIA_BAD_FORMAT, "%s: invalid unit %lld", r->path,
                (long long)h->unit);
    h->settings.tokenizer.unit = (glia_token_unit)h->unit;
    GLI_TRY(gli_vectorizer_check(r->ctx, GLIA_BAD_FORMAT, r->path, &h->settings));
    GLI_REQUIRE(r->ctx, h->settings.buckets == 0 || h->settings.buckets == h->columns, GLIA_BAD_FORMAT,
                "%s: has %lld columns, and %lld buckets", r->path, (long long)h->columns,
                (long long)h->settings.buckets);
    return GLIA_OK;
}

/* Adds the rest of the line. */
static glia_status read_token(gli_lines *r, glia_text text, gli_token_table *table) {
    char where[256];
    snprintf(where, sizeof where, "%s: line %lld", r->path, (long long)r->line);
    GLI_TRY(gli_lines_unescape(r, &text));
    return gli_token_table_add_new(table, GLIA_BAD_FORMAT, where, text, 0);
}

static glia_status read_column(gli_lines *r, glia_vectorizer *v) {
    const gli_vectorizer_settings *s = &v->settings;
    glia_text line;
    int64_t documents = 0;
    GLI_TRY(gli_lines_take(r, &line));
    const glia_text number = gli_lines_word(&line);
    GLI_REQUIRE(r->ctx, gli_lines_count(number, s->texts, &documents), GLIA_BAD_FORMAT,
                "%s: line %lld: '%.*s' is no number of up to %lld texts", r->path, (long long)r->line,
                (int)gli_min_size(number.bytes, 32), number.data, (long long)s->texts);
    GLI_TRY(gli_byte_buffer_append(v->ctx, &v->documents, &documents, sizeof documents, "a vectorizer"));
    if (s->buckets == 0) return read_token(r, line, &v->terms);
    GLI_REQUIRE(r->ctx, line.bytes == 0, GLIA_BAD_FORMAT, "%s: line %lld: a bucket has no n-gram", r->path,
                (long long)r->line);
    return GLIA_OK;
}

static glia_status parse(gli_lines *r, glia_vectorizer *v) {
    header h = {0};
    GLI_TRY(read_header(r, &h));
    v->settings = h.settings;
    for (int64_t i = 0; i < h.stop_words; ++i) {
        glia_text line;
        GLI_TRY(gli_lines_take(r, &line));
        GLI_TRY(read_token(r, line, &v->stop_words));
    }
    for (int64_t i = 0; i < h.columns; ++i) GLI_TRY(read_column(r, v));
    return gli_lines_end(r);
}

static glia_status read_file(glia_context *ctx, const char *path, size_t max_bytes, glia_vectorizer **out) {
    gli_lines r;
    glia_vectorizer *v;
    GLI_REQUIRE(ctx, path && out, GLIA_INVALID_ARGUMENT, "glia_vectorizer_read: %s is NULL", path ? "out" : "path");
    GLI_TRY(gli_vectorizer_new(ctx, &v));
    glia_status status = gli_lines_open(ctx, path, max_bytes, &r);
    if (status == GLIA_OK) status = parse(&r, v);
    gli_lines_close(&r);
    if (status == GLIA_OK)
        *out = v;
    else
        glia_vectorizer_destroy(v);
    return status;
}

glia_status glia_vectorizer_read(glia_context *ctx, const char *path, size_t max_bytes, glia_vectorizer **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = read_file(ctx, path, max_bytes, out);
    gli_leave(ctx);
    return status;
}
