/* Tokens with a number each, 0, 1, 2, ... as they were added, found by their bytes. */
#ifndef GLIA_TEXT_TOKEN_TABLE_H
#define GLIA_TEXT_TOKEN_TABLE_H

#include "data/bytes.h"
#include "glia/text.h"

typedef struct glia_token_table {
    glia_context *ctx;
    glia_bytes text;    /* all tokens, each with a NUL behind it */
    glia_bytes entries; /* of each token */
    glia_block slots;   /* int32_t: the number of the token that hashes there, or -1; a power of two, half empty */
} glia_token_table;

int64_t glia_token_table_count(const glia_token_table *table);

/* -1: it is not there. */
int64_t glia_token_table_find(const glia_token_table *table, glia_text token);

/* The number of a token, which is added if it is not there. */
glia_status glia_token_table_add(glia_token_table *table, glia_text token, int64_t *number);

/* It lives until another token is added. */
glia_text glia_token_table_get(const glia_token_table *table, int64_t number);

void glia_token_table_clear(glia_token_table *table);

#endif
