/* The classical language model, for the neural one to be compared with: a token's probability from how often it
 * followed the last one or two. */
#ifndef GLI_EXAMPLES_NGRAM_H
#define GLI_EXAMPLES_NGRAM_H

#include <stdint.h>

enum { NGRAM_KINDS = 100, NGRAM_ORDERS = 3 }; /* tokens are 0 to 99; unigrams, bigrams, trigrams */

typedef struct ngram ngram;

/* Counts what follows what. NULL: no memory; free() releases it. */
ngram *ngram_create(const int32_t *tokens, int64_t count);

/* What each token costs after the `order` tokens before it, 0 to 2: the mean of -log2 of its probability. */
double ngram_bits(const ngram *model, const int32_t *tokens, int64_t count, int order);

#endif
