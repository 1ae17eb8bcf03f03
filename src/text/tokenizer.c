/* Words and characters of a text. */
#include "text/tokenizer.h"

#include "core/context_impl.h"
#include "core/utf8.h"
#include "text/unicode.h"

glia_status gli_tokenizer_check(glia_context *ctx, const char *function, const glia_tokenizer_args *args) {
    GLI_REQUIRE(ctx, args->unit == GLIA_WORDS || args->unit == GLIA_CHARACTERS, GLIA_INVALID_ARGUMENT,
                "%s: invalid unit %d", function, (int)args->unit);
    return GLIA_OK;
}

glia_status gli_text_check(glia_context *ctx, const char *what, glia_text text) {
    GLI_REQUIRE(ctx, text.data || text.bytes == 0, GLIA_INVALID_ARGUMENT, "%s: the text of %zu bytes is NULL", what,
                text.bytes);
    GLI_REQUIRE(ctx, text.bytes <= PTRDIFF_MAX, GLIA_INVALID_ARGUMENT,
                "%s: %zu bytes do not fit in memory: a negative number?", what, text.bytes);
    return GLIA_OK;
}

glia_status gli_texts_check(glia_context *ctx, const char *function, const glia_text *texts, int64_t n_texts) {
    GLI_REQUIRE(ctx, n_texts >= 0 && (texts || n_texts == 0), GLIA_INVALID_ARGUMENT, "%s: n_texts is %lld, %s",
                function, (long long)n_texts, texts ? "must not be negative" : "texts is NULL");
    return GLIA_OK;
}

void gli_tokenizer_begin(gli_tokenizer *tokenizer, const char *what, glia_text text) {
    tokenizer->what   = what;
    tokenizer->text   = text;
    tokenizer->offset = 0;
}

void gli_tokenizer_free(gli_tokenizer *tokenizer) { gli_block_free(tokenizer->ctx, &tokenizer->token.block); }

/* The character at an offset, and its size. */
static glia_status peek(const gli_tokenizer *s, size_t offset, uint32_t *character, size_t *bytes) {
    *bytes = gli_utf8_read(s->text.data + offset, s->text.bytes - offset, character);
    if (*character != GLI_NO_CHARACTER) return GLIA_OK;
    GLI_REQUIRE(s->ctx, s->args.replace_invalid, GLIA_BAD_FORMAT,
                "%s: no valid UTF-8 at byte %zu of %zu, which is 0x%02x", s->what, offset, s->text.bytes,
                (unsigned char)s->text.data[offset]);
    *character = GLI_REPLACEMENT;
    return GLIA_OK;
}

static glia_status append(gli_tokenizer *s, uint32_t character) {
    char bytes[GLI_UTF8_MAX];
    const size_t n = gli_utf8_write(s->args.lowercase ? gli_lowercase(character) : character, bytes);
    return gli_byte_buffer_append(s->ctx, &s->token, bytes, n, "a token");
}

static bool is_apostrophe(uint32_t character) { return character == '\'' || character == 0x2019; }

/* Moves the offset over format characters, which do not break words. Source: Unicode Standard Annex 29, rule WB4. */
static glia_status skip_format(const gli_tokenizer *s, size_t *offset) {
    uint32_t character;
    size_t bytes;
    for (; *offset < s->text.bytes; *offset += bytes) {
        GLI_TRY(peek(s, *offset, &character, &bytes));
        if (!gli_is_format(character)) break;
    }
    return GLIA_OK;
}

/* Whether this character, which ends before byte `next`, continues a word. */
static glia_status continues_word(const gli_tokenizer *s, uint32_t character, size_t next, bool *yes) {
    uint32_t after;
    size_t bytes;
    *yes = gli_is_word(character);
    if (*yes || !is_apostrophe(character)) return GLIA_OK;
    GLI_TRY(skip_format(s, &next));
    if (next == s->text.bytes) return GLIA_OK;
    GLI_TRY(peek(s, next, &after, &bytes));
    *yes = gli_is_word(after);
    return GLIA_OK;
}

/* Appends the rest of a word to its first character. */
static glia_status read_word(gli_tokenizer *s) {
    uint32_t character;
    size_t bytes;
    for (;;) {
        bool more;
        GLI_TRY(skip_format(s, &s->offset));
        if (s->offset == s->text.bytes) break;
        GLI_TRY(peek(s, s->offset, &character, &bytes));
        GLI_TRY(continues_word(s, character, s->offset + bytes, &more));
        if (!more) break;
        GLI_TRY(append(s, character));
        s->offset += bytes;
    }
    return GLIA_OK;
}

static bool is_skipped(const glia_tokenizer_args *args, uint32_t character) {
    if (args->unit == GLIA_CHARACTERS) return false;
    return gli_is_separator(character) || gli_is_format(character) ||
           (args->drop_punctuation && !gli_is_word(character));
}

glia_status gli_tokenizer_next(gli_tokenizer *s, glia_text *token, bool *end) {
    uint32_t character = 0;
    size_t bytes;
    bool found    = false;
    s->token.used = 0;
    while (!found && s->offset < s->text.bytes) {
        GLI_TRY(peek(s, s->offset, &character, &bytes));
        s->begin = s->offset;
        s->offset += bytes;
        found = !is_skipped(&s->args, character);
    }
    *end = !found;
    if (!found) return GLIA_OK;
    GLI_TRY(append(s, character));
    if (s->args.unit == GLIA_WORDS && gli_is_word(character)) GLI_TRY(read_word(s));
    *token = (glia_text){s->token.block.data, s->token.used};
    return GLIA_OK;
}
