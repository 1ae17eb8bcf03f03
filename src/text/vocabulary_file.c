/* Vocabularies as text files. The first line is "glia-vocabulary 1", the number of tokens, the unit and the flags that
 * are set; then there is a line for each token. */
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "text/vocabulary.h"
#include "io/input.h"
#include "io/output.h"

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

static const char *escape_of(char byte) {
    switch (byte) {
        case '\\': return "\\\\";
        case '\n': return "\\n";
        case '\r': return "\\r";
        case '\0': return "\\0";
        default: return NULL;
    }
}

static glia_status write_token(glia_text token, gli_output *out) {
    size_t begin = 0; /* of the bytes without escapes that are not written yet */
    for (size_t i = 0; i < token.bytes; ++i) {
        const char *escape = escape_of(token.data[i]);
        if (!escape) continue;
        GLI_TRY(gli_output_write(out, token.data + begin, i - begin));
        GLI_TRY(gli_output_write(out, escape, 2));
        begin = i + 1;
    }
    GLI_TRY(gli_output_write(out, token.data + begin, token.bytes - begin));
    return gli_output_write(out, "\n", 1);
}

static glia_status write_all(const glia_vocabulary *v, gli_output *out) {
    GLI_TRY(write_header(v, out));
    for (int64_t i = 0; i < gli_token_table_count(&v->tokens); ++i)
        GLI_TRY(write_token(gli_token_table_get(&v->tokens, i), out));
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

/* A file in memory, read line by line. */
typedef struct reader {
    glia_context *ctx;
    const char *path;
    char *next, *end;
    int64_t line; /* the number of the last one, from 1 */
} reader;

static glia_status take_line(reader *r, glia_text *line) {
    char *end = r->next < r->end ? memchr(r->next, '\n', (size_t)(r->end - r->next)) : NULL;
    ++r->line;
    GLI_REQUIRE(r->ctx, end, GLIA_BAD_FORMAT, "%s: line %lld %s", r->path, (long long)r->line,
                r->next < r->end ? "is not terminated" : "is missing");
    const bool returns = end > r->next && end[-1] == '\r'; /* not of a token, where it would be \r */
    *line              = (glia_text){r->next, (size_t)(end - r->next) - returns};
    r->next            = end + 1;
    return GLIA_OK;
}

/* Replaces the escapes of a line in place. */
static glia_status unescape(const reader *r, glia_text *line) {
    char *to = (char *)line->data;
    for (const char *from = line->data, *end = from + line->bytes; from < end; ++from) {
        char byte = *from;
        GLI_REQUIRE(r->ctx, byte != '\r' && byte != '\0', GLIA_BAD_FORMAT, "%s: line %lld has the byte %d, not \\%c",
                    r->path, (long long)r->line, byte, byte ? 'r' : '0');
        if (byte == '\\') {
            const char which = ++from < end ? *from : ' ';
            byte             = which == 'n' ? '\n' : which == 'r' ? '\r' : which == '0' ? '\0' : '\\';
            GLI_REQUIRE(r->ctx, byte != '\\' || which == '\\', GLIA_BAD_FORMAT,
                        "%s: line %lld has a backslash without \\, n, r or 0 after it", r->path, (long long)r->line);
        }
        *to++ = byte;
    }
    line->bytes = (size_t)(to - line->data);
    return GLIA_OK;
}

static bool equals(glia_text text, const char *word) {
    return text.bytes == strlen(word) && memcmp(text.data, word, text.bytes) == 0;
}

/* Takes the word before the next space. */
static glia_text take_word(glia_text *line) {
    const char *space    = memchr(line->data, ' ', line->bytes);
    const size_t bytes   = space ? (size_t)(space - line->data) : line->bytes;
    const glia_text word = {line->data, bytes};
    line->data += bytes + (space != NULL);
    line->bytes -= bytes + (space != NULL);
    return word;
}

static bool parse_count(glia_text text, int64_t *count) {
    *count = 0;
    for (size_t i = 0; i < text.bytes; ++i) {
        if (text.data[i] < '0' || text.data[i] > '9' || *count > INT32_MAX) return false;
        *count = 10 * *count + (text.data[i] - '0');
    }
    return text.bytes > 0;
}

static bool parse_unit(glia_text text, glia_token_unit *unit) {
    for (int i = GLIA_WORDS; i <= GLIA_CHARACTERS; ++i) {
        if (!equals(text, units[i])) continue;
        *unit = (glia_token_unit)i;
        return true;
    }
    return false;
}

static bool parse_flag(glia_text text, glia_vocabulary_args *args) {
    for (int i = 0; i < FLAGS; ++i) {
        if (!equals(text, flag_names[i]) || *flag_of(args, i)) continue;
        *flag_of(args, i) = true;
        return true;
    }
    return false;
}

static glia_status read_header(reader *r, glia_vocabulary_args *args, int64_t *count) {
    glia_text line = {0};
    GLI_TRY(take_line(r, &line));
    const size_t magic = strlen(MAGIC " ");
    GLI_REQUIRE(r->ctx, line.bytes >= magic && memcmp(line.data, MAGIC " ", magic) == 0, GLIA_BAD_FORMAT,
                "%s: does not begin with '" MAGIC " '", r->path);
    line.data += magic;
    line.bytes -= magic;
    glia_text word = take_word(&line);
    GLI_REQUIRE(r->ctx, parse_count(word, count), GLIA_BAD_FORMAT, "%s: line 1 has no number of tokens in '%.*s'",
                r->path, (int)gli_min_size(word.bytes, 32), word.data);
    word = take_word(&line);
    GLI_REQUIRE(r->ctx, parse_unit(word, &args->tokenizer.unit), GLIA_BAD_FORMAT,
                "%s: line 1 has no unit of tokens in '%.*s'", r->path, (int)gli_min_size(word.bytes, 32), word.data);
    while (line.bytes > 0) {
        word = take_word(&line);
        GLI_REQUIRE(r->ctx, parse_flag(word, args), GLIA_BAD_FORMAT,
                    "%s: line 1 has '%.*s', which is not a flag or is there twice", r->path,
                    (int)gli_min_size(word.bytes, 32), word.data);
    }
    return GLIA_OK;
}

static glia_status read_tokens(reader *r, int64_t count, glia_vocabulary *vocabulary) {
    glia_text line = {0};
    for (int64_t i = 0; i < count; ++i) {
        char source[256];
        GLI_TRY(take_line(r, &line));
        GLI_TRY(unescape(r, &line));
        snprintf(source, sizeof source, "%s: line %lld", r->path, (long long)r->line);
        GLI_TRY(gli_vocabulary_add(vocabulary, GLIA_BAD_FORMAT, source, line));
    }
    GLI_REQUIRE(r->ctx, r->next == r->end, GLIA_BAD_FORMAT, "%s: continues after line %lld, its last token", r->path,
                (long long)r->line);
    return GLIA_OK;
}

static glia_status parse(reader *r, glia_vocabulary **out) {
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

static glia_status load(glia_context *ctx, const char *path, size_t max_bytes, gli_block *content) {
    uint64_t bytes;
    GLI_TRY(gli_input_measure(ctx, path, max_bytes, &bytes));
    gli_input in;
    GLI_TRY(gli_input_open(ctx, path, &in));
    glia_status status = gli_block_alloc(ctx, bytes, 1, "the file of a vocabulary", content);
    if (status == GLIA_OK) status = gli_input_read(&in, content->data, content->bytes, "a vocabulary");
    if (status == GLIA_OK) status = gli_input_end(&in);
    gli_input_close(&in);
    return status;
}

static glia_status read_file(glia_context *ctx, const char *path, size_t max_bytes, glia_vocabulary **out) {
    GLI_REQUIRE(ctx, path && out, GLIA_INVALID_ARGUMENT, "glia_vocabulary_read: %s is NULL", path ? "out" : "path");
    gli_block content  = {0};
    glia_status status = load(ctx, path, max_bytes ? max_bytes : (size_t)1 << 30, &content);
    if (status == GLIA_OK) {
        char *text = content.bytes > 0 ? content.data : &(char){'\0'};
        reader r   = {.ctx = ctx, .path = path, .next = text, .end = text + content.bytes};
        status     = parse(&r, out);
    }
    gli_block_free(ctx, &content);
    return status;
}

glia_status glia_vocabulary_read(glia_context *ctx, const char *path, size_t max_bytes, glia_vocabulary **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = read_file(ctx, path, max_bytes, out);
    gli_leave(ctx);
    return status;
}
