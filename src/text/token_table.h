/* A hash table of tokens, numbered 0, 1, 2, ... in the order in which they were added. */
#ifndef GLI_TEXT_TOKEN_TABLE_H
#define GLI_TEXT_TOKEN_TABLE_H

#include "text/byte_buffer.h"
#include "glia/text.h"

typedef struct gli_token_table {
    glia_context *ctx;
    gli_byte_buffer text;    /* all tokens, each followed by a NUL */
    gli_byte_buffer entries; /* of each token */
    gli_block slots;         /* int32_t: numbers of tokens, or -1; a power of two of them, at most half full */
} gli_token_table;

int64_t gli_token_table_count(const gli_token_table *table);

/* -1: not found. */
int64_t gli_token_table_find(const gli_token_table *table, glia_text token);

/* The number of a token, which is added unless it is there. */
glia_status gli_token_table_add(gli_token_table *table, glia_text token, int64_t *number);

/* Valid until another token is added. */
glia_text gli_token_table_get(const gli_token_table *table, int64_t number);

void gli_token_table_clear(gli_token_table *table);

#endif
