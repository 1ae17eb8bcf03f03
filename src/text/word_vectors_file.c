/* Files of word vectors, read once from the front: word2vec's as text and in binary, GloVe's. */
#include "text/word_vectors.h"

#include <math.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/print.h"
#include "core/utf8.h"

enum {
    CHUNK     = 1 << 16,
    MOST_LINE = 1 << 20,
    MOST_SIZE = 1 << 16,
    DIGITS    = 64 /* of a number */
};

static glia_context *context_of(const gli_word_reader *r) { return r->in.ctx; }

/* ---- Bytes ---- */

static glia_status fill(gli_word_reader *r, bool *end) {
    r->at = 0;
    GLI_TRY(gli_input_some(&r->in, r->chunk.data, CHUNK, &r->filled));
    *end = r->filled == 0;
    return GLIA_OK;
}

/* Appends what comes before this byte, and skips it. *end: nothing was left. */
static glia_status read_until(gli_word_reader *r, char stop, size_t most, bool *end) {
    r->text.used = 0;
    for (bool found = false; !found;) {
        if (r->at == r->filled) {
            GLI_TRY(fill(r, end));
            if (*end) {
                *end = r->text.used == 0;
                break;
            }
        }
        const char *from  = (const char *)r->chunk.data + r->at;
        const size_t left = r->filled - r->at;
        const char *hit   = memchr(from, stop, left);
        const size_t n    = hit ? (size_t)(hit - from) : left;
        GLI_REQUIRE(context_of(r), n <= most - r->text.used, GLIA_BAD_FORMAT,
                    "%s: line %lld: has more than %zu bytes: no file of word vectors", r->in.path,
                    (long long)r->line + 1, most);
        GLI_TRY(gli_byte_buffer_append(context_of(r), &r->text, from, n, "a word vector"));
        r->at += n + (hit != NULL);
        found = hit != NULL;
        *end  = false;
    }
    return gli_byte_buffer_append(context_of(r), &r->text, "", 1, "a word vector");
}

static glia_status read_bytes(gli_word_reader *r, void *to, size_t bytes) {
    size_t had = 0;
    for (bool end = false; had < bytes && !end;) {
        const size_t left = r->filled - r->at, n = left < bytes - had ? left : bytes - had;
        memcpy((char *)to + had, (const char *)r->chunk.data + r->at, n);
        had += n, r->at += n;
        if (had < bytes) GLI_TRY(fill(r, &end));
    }
    GLI_REQUIRE(context_of(r), had == bytes, GLIA_BAD_FORMAT, "%s: ends within the vector of word %lld", r->in.path,
                (long long)r->line);
    return GLIA_OK;
}

/* ---- The beginning ---- */

static bool whole_number(const char **text, int64_t *out) {
    const char *begin = *text;
    for (*out = 0; **text >= '0' && **text <= '9' && *out < INT64_MAX / 16; ++*text) *out = 10 * *out + (**text - '0');
    return *text > begin;
}

/* "WORDS SIZE", and nothing else. */
static bool is_header(const char *line, int64_t *words, int64_t *size) {
    if (!whole_number(&line, words) || *line++ != ' ' || !whole_number(&line, size)) return false;
    return line[strspn(line, " \r")] == '\0';
}

static int64_t count_fields(const char *line) {
    int64_t n = 0;
    for (line += strspn(line, " \r"); *line; ++n) {
        line += strcspn(line, " \r");
        line += strspn(line, " \r");
    }
    return n;
}

static bool is_of_numbers(char c) { return c && strchr("0123456789+-.eE \r", c); }

/* Whether words are followed by bytes rather than by numbers as text. In text, the first line that has something ends
 * with as many numbers as a vector has, whatever the word before them is. A line that is broken, or longer than the
 * chunk, still ends with more digits than bytes happen to be. */
static bool begins_binary(const gli_word_reader *r) {
    enum { TELLING = 8 };
    const char *begin = (const char *)r->chunk.data + r->at, *end = (const char *)r->chunk.data + r->filled;
    while (begin < end && (*begin == '\n' || *begin == '\r')) ++begin;
    if (!memchr(begin, ' ', (size_t)(end - begin))) return false;
    const char *stop = memchr(begin, '\n', (size_t)(end - begin));
    if (!stop) stop = end;
    const char *c  = stop;
    int64_t fields = 0;
    for (; c > begin && is_of_numbers(c[-1]); --c)
        fields += c[-1] != ' ' && c[-1] != '\r' && (c - 1 == begin || c[-2] == ' ');
    return fields < r->size && stop - c <= TELLING;
}

static glia_status check_size(const gli_word_reader *r) {
    GLI_REQUIRE(context_of(r), r->size >= 1 && r->size <= MOST_SIZE, GLIA_BAD_FORMAT,
                "%s: line 1: vectors of size %lld, must be 1 to %d", r->in.path, (long long)r->size, MOST_SIZE);
    return GLIA_OK;
}

static glia_status read_beginning(gli_word_reader *r) {
    bool none = false;
    GLI_TRY(fill(r, &none));
    GLI_REQUIRE(context_of(r), !none, GLIA_BAD_FORMAT, "%s: has no content", r->in.path);
    const char *begin = r->chunk.data, *end = memchr(begin, '\n', r->filled);
    const size_t length = end ? (size_t)(end - begin) : r->filled;
    GLI_REQUIRE(context_of(r), length < CHUNK, GLIA_BAD_FORMAT,
                "%s: line 1 has at least %d bytes: no file of word vectors", r->in.path, CHUNK);
    GLI_TRY(gli_byte_buffer_append(context_of(r), &r->text, begin, length, "a word vector"));
    GLI_TRY(gli_byte_buffer_append(context_of(r), &r->text, "", 1, "a word vector"));
    const char *line = r->text.block.data;
    if (is_header(line, &r->words, &r->size)) {
        r->at     = length + (end != NULL);
        r->binary = begins_binary(r);
        r->line   = !r->binary;
        return check_size(r);
    }
    r->words = INT64_MAX; /* the first line is the first word's: it stays in the chunk */
    r->size  = count_fields(line) - 1;
    return check_size(r);
}

glia_status gli_word_reader_open(glia_context *ctx, const char *path, gli_word_reader *r) {
    *r = (gli_word_reader){0};
    GLI_TRY(gli_input_open(ctx, path, &r->in));
    glia_status status = gli_block_alloc(ctx, CHUNK, 1, "a file of word vectors", &r->chunk);
    if (status == GLIA_OK) status = read_beginning(r);
    return status;
}

void gli_word_reader_close(glia_context *ctx, gli_word_reader *r) {
    gli_block_free(ctx, &r->chunk);
    gli_block_free(ctx, &r->text.block);
    if (r->in.file) gli_input_close(&r->in);
}

/* ---- Words ---- */

/* Splits a line before its last `size` fields: words may have spaces. */
static glia_status split_line(gli_word_reader *r, glia_text *word, const char **numbers) {
    char *line     = r->text.block.data;
    size_t at      = strlen(line);
    const bool nul = at != r->text.used - 1;
    for (int64_t left = r->size; left > 0 && at > 0; --left) {
        while (at > 0 && strchr(" \r", line[at - 1])) --at;
        while (at > 0 && line[at - 1] != ' ') --at;
    }
    *numbers = line + at;
    while (at > 0 && line[at - 1] == ' ') --at;
    *word = (glia_text){line, at};
    GLI_REQUIRE(context_of(r), !nul, GLIA_BAD_FORMAT, "%s: line %lld: has a NUL byte", r->in.path, (long long)r->line);
    GLI_REQUIRE(context_of(r), at > 0, GLIA_BAD_FORMAT,
                "%s: line %lld: has %lld fields, must have a word and %lld numbers", r->in.path, (long long)r->line,
                (long long)count_fields(line), (long long)r->size);
    return GLIA_OK;
}

/* A file without a header says in its first line how many numbers a vector has: if that line is broken, the words of
 * others end with numbers that are too many. */
static glia_status check_surplus(const gli_word_reader *r, glia_text word) {
    char number[DIGITS];
    double value;
    size_t at = word.bytes;
    while (at > 0 && word.data[at - 1] != ' ') --at;
    const size_t n = word.bytes - at;
    if (r->words != INT64_MAX || at == 0 || n >= sizeof number) return GLIA_OK;
    memcpy(number, word.data + at, n);
    number[n] = '\0';
    GLI_REQUIRE(context_of(r), !gli_scan_double(number, &value), GLIA_BAD_FORMAT,
                "%s: line %lld: has more numbers than the %lld of line 1, or a word that ends with '%s'", r->in.path,
                (long long)r->line, (long long)r->size, number);
    return GLIA_OK;
}

static bool is_blank(const gli_word_reader *r) {
    const char *line = r->text.block.data;
    return strspn(line, " \r") == r->text.used - 1;
}

static glia_status next_text(gli_word_reader *r, glia_text *word, const char **numbers, bool *end) {
    do {
        GLI_TRY(read_until(r, '\n', MOST_LINE, end));
        ++r->line;
    } while (!*end && is_blank(r));
    if (*end) return GLIA_OK;
    GLI_TRY(split_line(r, word, numbers));
    return check_surplus(r, *word);
}

/* The word, then its floats, little-endian, behind each other in r->text. */
static glia_status next_binary(gli_word_reader *r, glia_text *word, const char **numbers, bool *end) {
    const size_t bytes = (size_t)r->size * sizeof(float);
    static const char zeros[64];
    ++r->line;
    GLI_TRY(read_until(r, ' ', MOST_LINE, end));
    if (*end) return GLIA_OK;
    const size_t length = r->text.used - 1;
    for (size_t had = 0; had < bytes; had += sizeof zeros)
        GLI_TRY(gli_byte_buffer_append(context_of(r), &r->text, zeros, sizeof zeros, "a word vector"));
    char *text = r->text.block.data;
    GLI_TRY(read_bytes(r, text + length + 1, bytes));
    const size_t skip = strspn(text, "\n");
    *word             = (glia_text){text + skip, length > skip ? length - skip : 0};
    *numbers          = text + length + 1;
    return GLIA_OK;
}

static glia_status check_word(const gli_word_reader *r, glia_text word) {
    GLI_REQUIRE(context_of(r), word.bytes > 0 && gli_utf8_valid(word.data, word.bytes), GLIA_BAD_FORMAT,
                "%s: %s %lld: the word is %s", r->in.path, r->binary ? "word" : "line", (long long)r->line,
                word.bytes > 0 ? "not UTF-8" : "empty");
    return GLIA_OK;
}

glia_status gli_word_reader_each(gli_word_reader *r, int64_t maximum, gli_word_fn what, void *user, int64_t *words) {
    const int64_t most = maximum && maximum < r->words ? maximum : r->words;
    glia_text word;
    const char *numbers;
    for (*words = 0; *words < most; ++*words) {
        bool end = false;
        GLI_TRY(r->binary ? next_binary(r, &word, &numbers, &end) : next_text(r, &word, &numbers, &end));
        GLI_REQUIRE(context_of(r), !end || r->words == INT64_MAX, GLIA_BAD_FORMAT,
                    "%s: its first line announces %lld words, it has %lld", r->in.path, (long long)r->words,
                    (long long)*words);
        if (end) return GLIA_OK;
        GLI_TRY(check_word(r, word));
        if (what) GLI_TRY(what(r, word, numbers, user));
    }
    return GLIA_OK;
}

/* ---- Numbers ---- */

static glia_status check_number(const gli_word_reader *r, bool fine, int64_t i) {
    GLI_REQUIRE(context_of(r), fine, GLIA_BAD_FORMAT, "%s: %s %lld: element %lld of the vector is no finite number",
                r->in.path, r->binary ? "word" : "line", (long long)r->line, (long long)i);
    return GLIA_OK;
}

static glia_status read_text_vector(const gli_word_reader *r, const char *numbers, float *to) {
    for (int64_t i = 0; i < r->size; ++i) {
        char number[DIGITS];
        double value = NAN;
        numbers += strspn(numbers, " ");
        const size_t n = strcspn(numbers, " \r");
        if (n > 0 && n < sizeof number) {
            memcpy(number, numbers, n);
            number[n] = '\0';
            if (!gli_scan_double(number, &value)) value = NAN;
        }
        to[i] = (float)value;
        GLI_TRY(check_number(r, isfinite(to[i]), i));
        numbers += n;
    }
    return GLIA_OK;
}

static glia_status read_binary_vector(const gli_word_reader *r, const char *numbers, float *to) {
    for (int64_t i = 0; i < r->size; ++i) {
        uint32_t bits = 0;
        for (int b = 0; b < 4; ++b) bits |= (uint32_t)(unsigned char)numbers[4 * i + b] << 8 * b;
        memcpy(&to[i], &bits, sizeof bits);
        GLI_TRY(check_number(r, isfinite(to[i]), i));
    }
    return GLIA_OK;
}

glia_status gli_word_vector(const gli_word_reader *r, const char *numbers, float *to) {
    return r->binary ? read_binary_vector(r, numbers, to) : read_text_vector(r, numbers, to);
}
