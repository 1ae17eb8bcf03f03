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

/* Of a token's bytes. */
uint64_t gli_token_hash(glia_text token);

/* Below, at or above 0, as strcmp: the order of their bytes, which is that of their characters. */
int gli_token_compare(glia_text a, glia_text b);

/* -1: not found. */
int64_t gli_token_table_find(const gli_token_table *table, glia_text token);

/* The number of a token, which is added unless it is there. */
glia_status gli_token_table_add(gli_token_table *table, glia_text token, int64_t *number);

/* Adds a token; fails with `refusal` if it is empty, not valid UTF-8 or there. source: where it is from, for messages,
 * in which its number is counted from `first`. */
glia_status gli_token_table_add_new(gli_token_table *table, glia_status refusal, const char *source, glia_text token,
                                    int64_t first);

/* Valid until another token is added. */
glia_text gli_token_table_get(const gli_token_table *table, int64_t number);

void gli_token_table_clear(gli_token_table *table);

#endif
