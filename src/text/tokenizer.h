/* Splits a text into tokens, one by one. */
#ifndef GLI_TEXT_TOKENIZER_H
#define GLI_TEXT_TOKENIZER_H

#include "text/byte_buffer.h"
#include "glia/text.h"

typedef struct gli_tokenizer {
    glia_context *ctx;
    const char *what; /* the text, for messages: "glia_tokenize" */
    glia_tokenizer_args args;
    glia_text text;
    size_t offset;         /* of the next byte */
    size_t begin;          /* of the last token's first byte */
    gli_byte_buffer token; /* the last one */
} gli_tokenizer;

/* function: the caller's name, for messages. */
glia_status gli_tokenizer_check(glia_context *ctx, const char *function, const glia_tokenizer_args *args);

/* Fails for NULL with bytes > 0, and for more bytes than memory has. what: the text, for messages. */
glia_status gli_text_check(glia_context *ctx, const char *what, glia_text text);

/* The same for an array of texts: fails where it is NULL or their number is negative. */
glia_status gli_texts_check(glia_context *ctx, const char *function, const glia_text *texts, int64_t n_texts);

/* The next token, valid until the next call; *end: there is none. */
glia_status gli_tokenizer_next(gli_tokenizer *tokenizer, glia_text *token, bool *end);

/* Begins another text. */
void gli_tokenizer_begin(gli_tokenizer *tokenizer, const char *what, glia_text text);

void gli_tokenizer_free(gli_tokenizer *tokenizer);

/* No tokens, and one more. */
glia_status gli_tokens_new(glia_context *ctx, glia_tokens **out);
glia_status gli_tokens_add(glia_tokens *tokens, glia_text token);

#endif
