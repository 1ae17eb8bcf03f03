/* The inside of a vocabulary. */
#ifndef GLI_TEXT_VOCABULARY_H
#define GLI_TEXT_VOCABULARY_H

#include "text/token_table.h"

struct glia_vocabulary {
    glia_context *ctx;
    glia_tokenizer_args tokenizer;
    int padding, unknown, first; /* indices: of each, or -1; of the first token */
    gli_token_table tokens;
};

/* A vocabulary without tokens. function: the caller's name, for messages. */
glia_status gli_vocabulary_new(glia_context *ctx, const char *function, const glia_vocabulary_args *args,
                               glia_vocabulary **out);

/* Adds a token; fails with `refusal` if it is empty, invalid or there. source: where it is from, for messages. */
glia_status gli_vocabulary_add(glia_vocabulary *vocabulary, glia_status refusal, const char *source, glia_text token);

#endif
