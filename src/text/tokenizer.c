#include "text/tokenizer.h"

#include "core/context_impl.h"
#include "text/utf8.h"

glia_status gli_tokenizer_check(glia_context *ctx, const char *function, const glia_tokenizer_args *args) {
    GLI_REQUIRE(ctx, args->unit == GLIA_WORDS || args->unit == GLIA_CHARACTERS, GLIA_INVALID_ARGUMENT,
                "%s: unit is %d, which is no glia_token_unit", function, (int)args->unit);
    return GLIA_OK;
}

glia_status gli_text_check(glia_context *ctx, const char *what, glia_text text) {
    GLI_REQUIRE(ctx, text.data || text.bytes == 0, GLIA_INVALID_ARGUMENT, "%s: the text of %zu bytes is NULL", what,
                text.bytes);
    GLI_REQUIRE(ctx, text.bytes <= PTRDIFF_MAX, GLIA_INVALID_ARGUMENT,
                "%s: %zu bytes are more than memory can have: a number that is negative", what, text.bytes);
    return GLIA_OK;
}

void gli_splitter_begin(gli_splitter *splitter, const char *what, glia_text text) {
    splitter->what = what;
    splitter->text = text;
    splitter->at   = 0;
}

void gli_splitter_end(gli_splitter *splitter) { gli_block_free(splitter->ctx, &splitter->token.block); }

/* The character at byte `at`, and its bytes. */
static glia_status look(const gli_splitter *s, size_t at, uint32_t *character, size_t *bytes) {
    *bytes = gli_utf8_read(s->text.data + at, s->text.bytes - at, character);
    if (*character != GLI_NO_CHARACTER) return GLIA_OK;
    GLI_REQUIRE(s->ctx, s->args.replace_invalid, GLIA_BAD_FORMAT,
                "%s: no valid UTF-8 at byte %zu of %zu, which is 0x%02x", s->what, at, s->text.bytes,
                (unsigned char)s->text.data[at]);
    *character = GLI_REPLACEMENT;
    return GLIA_OK;
}

static glia_status append(gli_splitter *s, uint32_t character) {
    char bytes[GLI_UTF8_MOST];
    const size_t n = gli_utf8_write(s->args.lowercase ? gli_lowercase(character) : character, bytes);
    return gli_byte_buffer_append(s->ctx, &s->token, bytes, n, "a token");
}

static bool is_apostrophe(uint32_t character) { return character == '\'' || character == 0x2019; }

/* Whether a word that has begun goes on with this character, which ends before byte `next`. */
static glia_status goes_on(const gli_splitter *s, uint32_t character, size_t next, bool *yes) {
    uint32_t after;
    size_t bytes;
    *yes = gli_is_word(character);
    if (*yes || !is_apostrophe(character) || next == s->text.bytes) return GLIA_OK;
    GLI_TRY(look(s, next, &after, &bytes));
    *yes = gli_is_word(after);
    return GLIA_OK;
}

/* The rest of a word whose first character is already there. */
static glia_status take_word(gli_splitter *s) {
    uint32_t character;
    size_t bytes;
    while (s->at < s->text.bytes) {
        bool more;
        GLI_TRY(look(s, s->at, &character, &bytes));
        GLI_TRY(goes_on(s, character, s->at + bytes, &more));
        if (!more) break;
        GLI_TRY(append(s, character));
        s->at += bytes;
    }
    return GLIA_OK;
}

static bool is_left_out(const glia_tokenizer_args *args, uint32_t character) {
    if (args->unit == GLIA_CHARACTERS) return false;
    return gli_is_separator(character) || (args->drop_punctuation && !gli_is_word(character));
}

glia_status gli_splitter_next(gli_splitter *s, glia_text *token, bool *over) {
    uint32_t character = 0;
    size_t bytes;
    bool found    = false;
    s->token.used = 0;
    while (!found && s->at < s->text.bytes) {
        GLI_TRY(look(s, s->at, &character, &bytes));
        s->at += bytes;
        found = !is_left_out(&s->args, character);
    }
    *over = !found;
    if (!found) return GLIA_OK;
    GLI_TRY(append(s, character));
    if (s->args.unit == GLIA_WORDS && gli_is_word(character)) GLI_TRY(take_word(s));
    *token = (glia_text){s->token.block.data, s->token.used};
    return GLIA_OK;
}
