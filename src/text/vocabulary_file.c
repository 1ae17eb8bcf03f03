/* Vocabularies as text files. The first line is "glia-vocabulary 1", the number of tokens, the unit and the flags that
 * are set; then there is a line for each token. */
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "text/lines.h"
#include "text/vocabulary.h"

#define MAGIC "glia-vocabulary 1"
enum { HEADER = 160 }; /* bytes, more than the longest first line */

static const char *const units[] = {[GLIA_WORDS] = "words", [GLIA_CHARACTERS] = "characters"};

enum { FLAGS = 5 };
static const char *const flag_names[FLAGS] = {"lowercase", "drop_punctuation", "replace_invalid", "no_padding",
                                              "no_unknown"};

static bool *flag_of(glia_vocabulary_args *args, int flag) {
    bool *const flags[FLAGS] = {&args->tokenizer.lowercase, &args->tokenizer.drop_punctuation,
                                &args->tokenizer.replace_invalid, &args->no_padding, &args->no_unknown};
    return flags[flag];
}

static glia_status write_header(const glia_vocabulary *v, gli_output *out) {
    glia_vocabulary_args args = {.tokenizer = v->tokenizer, .no_padding = v->padding < 0, .no_unknown = v->unknown < 0};
    char line[HEADER];
    int used = snprintf(line, sizeof line, MAGIC " %lld %s", (long long)gli_token_table_count(&v->tokens),
                        units[args.tokenizer.unit]);
    for (int i = 0; i < FLAGS; ++i)
        if (*flag_of(&args, i)) used += snprintf(line + used, sizeof line - (size_t)used, " %s", flag_names[i]);
    line[used++] = '\n';
    return gli_output_write(out, line, (size_t)used);
}

static glia_status write_all(const glia_vocabulary *v, gli_output *out) {
    GLI_TRY(write_header(v, out));
    for (int64_t i = 0; i < gli_token_table_count(&v->tokens); ++i)
        GLI_TRY(gli_lines_write(gli_token_table_get(&v->tokens, i), out));
    return GLIA_OK;
}

static glia_status write_file(const glia_vocabulary *v, const char *path) {
    GLI_REQUIRE(v->ctx, path, GLIA_INVALID_ARGUMENT, "glia_vocabulary_write: path is NULL");
    gli_output out;
    GLI_TRY(gli_output_open(v->ctx, path, &out));
    const glia_status status = write_all(v, &out);
    if (status == GLIA_OK) return gli_output_commit(&out);
    gli_output_abandon(&out);
    return status;
}

glia_status glia_vocabulary_write(const glia_vocabulary *vocabulary, const char *path) {
    GLI_REQUIRE_OBJECT(vocabulary);
    GLI_TRY(gli_enter(vocabulary->ctx));
    const glia_status status = write_file(vocabulary, path);
    gli_leave(vocabulary->ctx);
    return status;
}

static bool parse_unit(glia_text text, glia_token_unit *unit) {
    for (int i = GLIA_WORDS; i <= GLIA_CHARACTERS; ++i) {
        if (!gli_lines_equal(text, units[i])) continue;
        *unit = (glia_token_unit)i;
        return true;
    }
    return false;
}

static bool parse_flag(glia_text text, glia_vocabulary_args *args) {
    for (int i = 0; i < FLAGS; ++i) {
        if (!gli_lines_equal(text, flag_names[i]) || *flag_of(args, i)) continue;
        *flag_of(args, i) = true;
        return true;
    }
    return false;
}

static glia_status read_header(gli_lines *r, glia_vocabulary_args *args, int64_t *count) {
    glia_text line = {0};
    GLI_TRY(gli_lines_take(r, &line));
    const size_t magic = strlen(MAGIC " ");
    GLI_REQUIRE(r->ctx, line.bytes >= magic && memcmp(line.data, MAGIC " ", magic) == 0, GLIA_BAD_FORMAT,
                "%s: does not begin with '" MAGIC " '", r->path);
    line.data += magic;
    line.bytes -= magic;
    glia_text word = gli_lines_word(&line);
    GLI_REQUIRE(r->ctx, gli_lines_count(word, INT32_MAX, count), GLIA_BAD_FORMAT,
                "%s: line 1 has no number of tokens in '%.*s'", r->path, (int)gli_min_size(word.bytes, 32), word.data);
    word = gli_lines_word(&line);
    GLI_REQUIRE(r->ctx, parse_unit(word, &args->tokenizer.unit), GLIA_BAD_FORMAT,
                "%s: line 1 has no unit of tokens in '%.*s'", r->path, (int)gli_min_size(word.bytes, 32), word.data);
    while (line.bytes > 0) {
        word = gli_lines_word(&line);
        GLI_REQUIRE(r->ctx, parse_flag(word, args), GLIA_BAD_FORMAT,
                    "%s: line 1 has '%.*s', which is not a flag or is there twice", r->path,
                    (int)gli_min_size(word.bytes, 32), word.data);
    }
    return GLIA_OK;
}

static glia_status read_tokens(gli_lines *r, int64_t count, glia_vocabulary *vocabulary) {
    glia_text line = {0};
    for (int64_t i = 0; i < count; ++i) {
        char source[256];
        GLI_TRY(gli_lines_take(r, &line));
        GLI_TRY(gli_lines_unescape(r, &line));
        snprintf(source, sizeof source, "%s: line %lld", r->path, (long long)r->line);
        GLI_TRY(gli_vocabulary_add(vocabulary, GLIA_BAD_FORMAT, source, line));
    }
    return gli_lines_end(r);
}

static glia_status parse(gli_lines *r, glia_vocabulary **out) {
    glia_vocabulary_args args = {0};
    int64_t count             = 0;
    GLI_TRY(read_header(r, &args, &count));
    glia_vocabulary *vocabulary;
    GLI_TRY(gli_vocabulary_new(r->ctx, r->path, &args, &vocabulary));
    const glia_status status = read_tokens(r, count, vocabulary);
    if (status == GLIA_OK)
        *out = vocabulary;
    else
        glia_vocabulary_destroy(vocabulary);
    return status;
}

static glia_status read_file(glia_context *ctx, const char *path, size_t max_bytes, glia_vocabulary **out) {
    GLI_REQUIRE(ctx, path && out, GLIA_INVALID_ARGUMENT, "glia_vocabulary_read: %s is NULL", path ? "out" : "path");
    gli_lines r;
    glia_status status = gli_lines_open(ctx, path, max_bytes, &r);
    if (status == GLIA_OK) status = parse(&r, out);
    gli_lines_close(&r);
    return status;
}

glia_status glia_vocabulary_read(glia_context *ctx, const char *path, size_t max_bytes, glia_vocabulary **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = read_file(ctx, path, max_bytes, out);
    gli_leave(ctx);
    return status;
}
