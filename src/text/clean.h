/* Cleaning of texts, one by one. */
#ifndef GLI_TEXT_CLEAN_H
#define GLI_TEXT_CLEAN_H

#include "core/utf8.h"
#include "text/token_table.h"
#include "text/tokenizer.h"

/* A character may be taken out, and replaced by a few bytes. */
typedef struct gli_clean_scan {
    glia_text text;
    size_t at;                       /* of the character in turn */
    uint32_t before;                 /* the character before it; a space at the beginning */
    bool no_tag_end, no_comment_end; /* behind `at`: found out once */
} gli_clean_scan;

/* How many bytes at scan->at are taken out, 0: none. to, *n: the bytes in their place, a space unless they are
 * changed. */
typedef size_t (*gli_clean_match)(gli_clean_scan *scan, char to[GLI_UTF8_MAX], size_t *n);

size_t gli_clean_html(gli_clean_scan *scan, char to[GLI_UTF8_MAX], size_t *n);
size_t gli_clean_url(gli_clean_scan *scan, char to[GLI_UTF8_MAX], size_t *n);
size_t gli_clean_mention(gli_clean_scan *scan, char to[GLI_UTF8_MAX], size_t *n);
size_t gli_clean_hashtag(gli_clean_scan *scan, char to[GLI_UTF8_MAX], size_t *n);

typedef struct gli_cleaner {
    glia_context *ctx;
    glia_clean_args args;              /* its stop words are not looked at */
    const gli_token_table *stop_words; /* in lowercase, with ' for U+2019 */
    gli_byte_buffer text, next, key;   /* the text so far, that of the step, a word to look up */
    gli_tokenizer tokenizer;
} gli_cleaner;

/* Checks the args, and adds their stop words to the table. function: the caller's name, for messages. */
glia_status gli_clean_prepare(glia_context *ctx, const char *function, const glia_clean_args *args,
                              gli_token_table *stop_words);

void gli_cleaner_begin(glia_context *ctx, const glia_clean_args *args, const gli_token_table *stop_words,
                       gli_cleaner *out);
void gli_cleaner_free(gli_cleaner *cleaner);

/* what: the text, for messages. *out is valid UTF-8, until the next call. */
glia_status gli_cleaner_run(gli_cleaner *cleaner, const char *what, glia_text text, glia_text *out);

#endif
