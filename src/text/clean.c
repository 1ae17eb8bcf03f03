#include "text/clean.h"

#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "text/unicode.h"

#include "text/stop_words_english.inc"

/* ---- Stop words ---- */

/* A word as the table has it. */
static glia_status key_of(glia_context *ctx, glia_text word, gli_byte_buffer *key) {
    static const char typographic[] = "\u2019";
    const size_t n                  = sizeof typographic - 1;
    key->used                       = 0;
    for (size_t i = 0; i < word.bytes;) {
        const bool found = word.bytes - i >= n && memcmp(word.data + i, typographic, n) == 0;
        GLI_TRY(gli_byte_buffer_append(ctx, key, found ? "'" : word.data + i, 1, "a word"));
        i += found ? n : 1;
    }
    return GLIA_OK;
}

/* Adds words, each of which has to be one token. */
static glia_status add_words(gli_tokenizer *tokenizer, const char *function, const glia_clean_args *args,
                             gli_byte_buffer *key, gli_token_table *table) {
    glia_context *ctx = tokenizer->ctx;
    char what[64];
    for (int64_t i = 0; i < args->n_stop_words; ++i) {
        glia_text first, second;
        bool none = false, one = false;
        int64_t number;
        snprintf(what, sizeof what, "%s: stop_words[%lld]", function, (long long)i);
        GLI_TRY(gli_text_check(ctx, what, args->stop_words[i]));
        gli_tokenizer_begin(tokenizer, what, args->stop_words[i]);
        GLI_TRY(gli_tokenizer_next(tokenizer, &first, &none));
        if (!none) GLI_TRY(key_of(ctx, first, key));
        if (!none) GLI_TRY(gli_tokenizer_next(tokenizer, &second, &one));
        GLI_REQUIRE(ctx, !none && one, GLIA_INVALID_ARGUMENT, "%s: '%.*s' is not one word", what,
                    (int)gli_min_size(args->stop_words[i].bytes, 64), args->stop_words[i].data);
        GLI_TRY(gli_token_table_add(table, (glia_text){key->block.data, key->used}, &number));
    }
    return GLIA_OK;
}

glia_status gli_clean_prepare(glia_context *ctx, const char *function, const glia_clean_args *args,
                              gli_token_table *stop_words) {
    int64_t number;
    GLI_REQUIRE(ctx, args->n_stop_words >= 0 && (args->stop_words || args->n_stop_words == 0), GLIA_INVALID_ARGUMENT,
                "%s: n_stop_words is %lld, stop_words is %s", function, (long long)args->n_stop_words,
                args->stop_words ? "given" : "NULL");
    for (size_t i = 0; i < sizeof english / sizeof *english && args->english_stop_words; ++i)
        GLI_TRY(gli_token_table_add(stop_words, (glia_text){english[i], strlen(english[i])}, &number));
    gli_tokenizer tokenizer  = {.ctx = ctx, .args = {.lowercase = true}};
    gli_byte_buffer key      = {0};
    const glia_status status = add_words(&tokenizer, function, args, &key, stop_words);
    gli_tokenizer_free(&tokenizer);
    gli_block_free(ctx, &key.block);
    return status;
}

/* ---- Steps ---- */

void gli_cleaner_begin(glia_context *ctx, const glia_clean_args *args, const gli_token_table *stop_words,
                       gli_cleaner *out) {
    *out = (gli_cleaner){
        .ctx = ctx, .args = *args, .stop_words = stop_words, .tokenizer = {.ctx = ctx, .args = {.lowercase = true}}};
}

void gli_cleaner_free(gli_cleaner *c) {
    gli_block_free(c->ctx, &c->text.block);
    gli_block_free(c->ctx, &c->next.block);
    gli_block_free(c->ctx, &c->key.block);
    gli_tokenizer_free(&c->tokenizer);
}

static glia_text text_of(const gli_cleaner *c) {
    return (glia_text){c->text.used > 0 ? c->text.block.data : "", c->text.used};
}

static glia_status put(gli_cleaner *c, const char *data, size_t bytes) {
    return gli_byte_buffer_append(c->ctx, &c->next, data, bytes, "a cleaned text");
}

/* What a step has written becomes the text. */
static void end_step(gli_cleaner *c) {
    const gli_byte_buffer text = c->text;
    c->text                    = c->next;
    c->next                    = text;
    c->next.used               = 0;
}

static glia_status take_out(gli_cleaner *c, gli_clean_match match) {
    gli_clean_scan s = {.text = text_of(c), .before = ' '};
    size_t kept      = 0; /* what is before it has been written, or taken out */
    while (s.at < s.text.bytes) {
        char to[GLI_UTF8_MAX] = " ";
        size_t n              = 1;
        const size_t taken    = match(&s, to, &n);
        if (taken == 0) {
            s.at += gli_utf8_read(s.text.data + s.at, s.text.bytes - s.at, &s.before);
            continue;
        }
        GLI_TRY(put(c, s.text.data + kept, s.at - kept));
        GLI_TRY(put(c, to, n));
        s.at += taken;
        s.before = ' ';
        kept     = s.at;
    }
    GLI_TRY(put(c, s.text.data + kept, s.text.bytes - kept));
    end_step(c);
    return GLIA_OK;
}

/* Copies the text, which it judges. what: the text, for messages. */
static glia_status take_in(gli_cleaner *c, const char *what, glia_text text) {
    c->text.used = c->next.used = 0;
    if (text.bytes == 0) return GLIA_OK;
    for (size_t at = 0, bytes, kept = 0; at <= text.bytes; at += bytes) {
        uint32_t character = 0;
        bytes              = at < text.bytes ? gli_utf8_read(text.data + at, text.bytes - at, &character) : 1;
        if (at < text.bytes && character != GLI_NO_CHARACTER) continue;
        GLI_REQUIRE(c->ctx, at == text.bytes || c->args.replace_invalid, GLIA_BAD_FORMAT,
                    "%s: no valid UTF-8 at byte %zu of %zu, which is 0x%02x", what, at, text.bytes,
                    (unsigned char)text.data[at]);
        GLI_TRY(put(c, text.data + kept, at - kept));
        if (at < text.bytes) GLI_TRY(put(c, "\uFFFD", 3));
        kept = at + bytes;
    }
    end_step(c);
    return GLIA_OK;
}

static glia_status lowercase(gli_cleaner *c) {
    const glia_text text = text_of(c);
    for (size_t at = 0, bytes; at < text.bytes; at += bytes) {
        char to[GLI_UTF8_MAX];
        uint32_t character;
        bytes          = gli_utf8_read(text.data + at, text.bytes - at, &character);
        const size_t n = gli_utf8_write(gli_lowercase(character), to);
        GLI_TRY(put(c, to, n));
    }
    end_step(c);
    return GLIA_OK;
}

static glia_status is_stop_word(gli_cleaner *c, glia_text token, bool *yes) {
    GLI_TRY(key_of(c->ctx, token, &c->key));
    *yes = gli_token_table_find(c->stop_words, (glia_text){c->key.block.data, c->key.used}) >= 0;
    return GLIA_OK;
}

static glia_status is_punctuation(gli_cleaner *c, glia_text token, bool *yes) {
    uint32_t first;
    (void)c;
    gli_utf8_read(token.data, token.bytes, &first);
    *yes = !gli_is_word(first);
    return GLIA_OK;
}

/* Takes out the tokens that are judged so. */
static glia_status drop(gli_cleaner *c, glia_status (*judge)(gli_cleaner *c, glia_text token, bool *yes)) {
    const glia_text text = text_of(c);
    size_t kept          = 0;
    gli_tokenizer_begin(&c->tokenizer, "a cleaned text", text);
    for (;;) {
        glia_text token;
        bool end = false, yes;
        GLI_TRY(gli_tokenizer_next(&c->tokenizer, &token, &end));
        if (end) break;
        GLI_TRY(judge(c, token, &yes));
        if (!yes) continue;
        GLI_TRY(put(c, text.data + kept, c->tokenizer.begin - kept));
        GLI_TRY(put(c, " ", 1));
        kept = c->tokenizer.offset;
    }
    GLI_TRY(put(c, text.data + kept, text.bytes - kept));
    end_step(c);
    return GLIA_OK;
}

static glia_status white_space(gli_cleaner *c) {
    const glia_text text = text_of(c);
    bool space           = false;
    for (size_t at = 0, bytes; at < text.bytes; at += bytes) {
        uint32_t character;
        bytes = gli_utf8_read(text.data + at, text.bytes - at, &character);
        if (gli_is_separator(character)) {
            space = true;
            continue;
        }
        if (space && c->next.used > 0) GLI_TRY(put(c, " ", 1));
        GLI_TRY(put(c, text.data + at, bytes));
        space = false;
    }
    end_step(c);
    return GLIA_OK;
}

glia_status gli_cleaner_run(gli_cleaner *c, const char *what, glia_text text, glia_text *out) {
    const glia_clean_args *a = &c->args;
    GLI_TRY(gli_text_check(c->ctx, what, text));
    GLI_TRY(take_in(c, what, text));
    if (a->html) GLI_TRY(take_out(c, gli_clean_html));
    if (a->urls) GLI_TRY(take_out(c, gli_clean_url));
    if (a->mentions) GLI_TRY(take_out(c, gli_clean_mention));
    if (a->hashtags) GLI_TRY(take_out(c, gli_clean_hashtag));
    if (a->lowercase) GLI_TRY(lowercase(c));
    if (gli_token_table_count(c->stop_words) > 0) GLI_TRY(drop(c, is_stop_word));
    if (a->punctuation) GLI_TRY(drop(c, is_punctuation));
    if (a->white_space) GLI_TRY(white_space(c));
    *out = text_of(c);
    return GLIA_OK;
}

/* ---- All texts ---- */

static glia_status clean_all(gli_cleaner *cleaner, const glia_text *texts, int64_t n_texts, glia_tokens *out) {
    char what[64];
    for (int64_t i = 0; i < n_texts; ++i) {
        glia_text cleaned;
        snprintf(what, sizeof what, "glia_text_clean: texts[%lld]", (long long)i);
        GLI_TRY(gli_cleaner_run(cleaner, what, texts[i], &cleaned));
        GLI_TRY(gli_tokens_add(out, cleaned));
    }
    return GLIA_OK;
}

static glia_status clean(glia_context *ctx, const glia_clean_args *args, const glia_text *texts, int64_t n_texts,
                         glia_tokens *out) {
    gli_token_table stop_words = {.ctx = ctx};
    glia_status status         = gli_clean_prepare(ctx, "glia_text_clean", args, &stop_words);
    gli_cleaner cleaner;
    gli_cleaner_begin(ctx, args, &stop_words, &cleaner);
    if (status == GLIA_OK) status = clean_all(&cleaner, texts, n_texts, out);
    gli_cleaner_free(&cleaner);
    gli_token_table_clear(&stop_words);
    return status;
}

static glia_status clean_texts(glia_context *ctx, const glia_clean_args *given, const glia_text *texts, int64_t n_texts,
                               glia_tokens **out) {
    const glia_clean_args args = given ? *given : (glia_clean_args){0};
    glia_tokens *cleaned;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_text_clean: out is NULL");
    GLI_TRY(gli_texts_check(ctx, "glia_text_clean", texts, n_texts));
    GLI_TRY(gli_tokens_new(ctx, &cleaned));
    const glia_status status = clean(ctx, &args, texts, n_texts, cleaned);
    if (status == GLIA_OK)
        *out = cleaned;
    else
        glia_tokens_destroy(cleaned);
    return status;
}

glia_status glia_text_clean(glia_context *ctx, const glia_clean_args *args, const glia_text *texts, int64_t n_texts,
                            glia_tokens **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = clean_texts(ctx, args, texts, n_texts, out);
    gli_leave(ctx);
    return status;
}
