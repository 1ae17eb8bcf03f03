/* The inside of a vectorizer, and the n-grams of a text. */
#ifndef GLI_TEXT_VECTORIZER_H
#define GLI_TEXT_VECTORIZER_H

#include "text/clean.h"

/* What it needs to know of its args once it is fitted. */
typedef struct gli_vectorizer_settings {
    glia_clean_args clean; /* its stop words are the vectorizer's table */
    glia_tokenizer_args tokenizer;
    int64_t minimum_n, maximum_n, buckets, weight, texts; /* texts: that it was fitted to */
    bool idf, unit_length;
} gli_vectorizer_settings;

struct glia_vectorizer {
    glia_context *ctx;
    gli_vectorizer_settings settings;
    gli_token_table stop_words, terms; /* terms: empty with buckets */
    gli_byte_buffer documents;         /* int64_t for each column */
};

glia_status gli_vectorizer_new(glia_context *ctx, glia_vectorizer **out);

/* Fails for settings that no vectorizer has. where: for messages; refusal: the status. */
glia_status gli_vectorizer_check(glia_context *ctx, glia_status refusal, const char *where,
                                 const gli_vectorizer_settings *settings);

/* The column of an n-gram, -1: it has none. */
int64_t gli_vectorizer_column(const glia_vectorizer *v, glia_text term);

/* The n-grams of one text after the other. */
typedef struct gli_ngrams {
    gli_cleaner cleaner;
    gli_tokenizer tokenizer;
    gli_byte_buffer joined; /* the tokens of the text, words with a space between them */
    gli_byte_buffer bounds; /* size_t, two for each token: where it begins in it, and ends */
    int64_t minimum_n, maximum_n;
    int64_t first, n; /* the n-gram in turn */
} gli_ngrams;

void gli_ngrams_begin(const glia_vectorizer *v, gli_ngrams *out);
void gli_ngrams_free(gli_ngrams *ngrams);

/* Splits a text. what: for messages. */
glia_status gli_ngrams_split(gli_ngrams *ngrams, const char *what, glia_text text);

/* The next one of the text, which lives until the next split; false: there is none. */
bool gli_ngrams_next(gli_ngrams *ngrams, glia_text *out);

#endif
