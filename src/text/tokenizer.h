/* Splitting a text, token by token. */
#ifndef GLIA_TEXT_TOKENIZER_H
#define GLIA_TEXT_TOKENIZER_H

#include "data/bytes.h"
#include "glia/text.h"

typedef struct glia_splitter {
    glia_context *ctx;
    const char *what; /* the text, for messages: "glia_tokenize" */
    glia_tokenizer_args args;
    glia_text text;
    size_t at;        /* the first byte that was not looked at */
    glia_bytes token; /* the one found last */
} glia_splitter;

/* function: the caller's name, for messages. */
glia_status glia_tokenizer_check(glia_context *ctx, const char *function, const glia_tokenizer_args *args);

/* NULL with no bytes is a text, NULL with some is none. */
glia_status glia_text_check(glia_context *ctx, const char *what, glia_text text);

/* Finds the next token, which lives until the next call; *over: there was none left. */
glia_status glia_splitter_next(glia_splitter *splitter, glia_text *token, bool *over);

/* Goes on with another text. */
void glia_splitter_begin(glia_splitter *splitter, const char *what, glia_text text);

void glia_splitter_end(glia_splitter *splitter);

#endif
