/* Splitting a text, token by token. */
#ifndef GLI_TEXT_TOKENIZER_H
#define GLI_TEXT_TOKENIZER_H

#include "text/byte_buffer.h"
#include "glia/text.h"

typedef struct gli_splitter {
    glia_context *ctx;
    const char *what; /* the text, for messages: "glia_tokenize" */
    glia_tokenizer_args args;
    glia_text text;
    size_t at;             /* the first byte that was not looked at */
    gli_byte_buffer token; /* the one found last */
} gli_splitter;

/* function: the caller's name, for messages. */
glia_status gli_tokenizer_check(glia_context *ctx, const char *function, const glia_tokenizer_args *args);

/* NULL with no bytes is a text, NULL with some is none. */
glia_status gli_text_check(glia_context *ctx, const char *what, glia_text text);

/* Finds the next token, which lives until the next call; *over: there was none left. */
glia_status gli_splitter_next(gli_splitter *splitter, glia_text *token, bool *over);

/* Goes on with another text. */
void gli_splitter_begin(gli_splitter *splitter, const char *what, glia_text text);

void gli_splitter_end(gli_splitter *splitter);

#endif
