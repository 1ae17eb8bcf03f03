/* Tokens with a number each, 0, 1, 2, ... as they were added, found by their bytes. */
#ifndef GLI_TEXT_TOKEN_TABLE_H
#define GLI_TEXT_TOKEN_TABLE_H

#include "text/byte_buffer.h"
#include "glia/text.h"

typedef struct gli_token_table {
    glia_context *ctx;
    gli_byte_buffer text;    /* all tokens, each with a NUL behind it */
    gli_byte_buffer entries; /* of each token */
    gli_block slots;         /* int32_t: the number of the token that hashes there, or -1; a power of two, half empty */
} gli_token_table;

int64_t gli_token_table_count(const gli_token_table *table);

/* -1: it is not there. */
int64_t gli_token_table_find(const gli_token_table *table, glia_text token);

/* The number of a token, which is added if it is not there. */
glia_status gli_token_table_add(gli_token_table *table, glia_text token, int64_t *number);

/* It lives until another token is added. */
glia_text gli_token_table_get(const gli_token_table *table, int64_t number);

void gli_token_table_clear(gli_token_table *table);

#endif
