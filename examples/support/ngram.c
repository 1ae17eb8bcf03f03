/* Witten-Bell smoothing: in a context that was seen n times, with k different tokens behind it,
 *   p(token) = (how often it followed + k p(token in the shorter context)) / (n + k).
 * Below the empty context all tokens are alike.
 * Source: Witten, Bell, "The zero-frequency problem", IEEE Transactions on Information Theory 37, 1991. */
#include "ngram.h"

#include <math.h>
#include <stdlib.h>

enum { CONTEXTS = NGRAM_KINDS * NGRAM_KINDS };

struct ngram {
    uint32_t seen[NGRAM_ORDERS][CONTEXTS], kinds[NGRAM_ORDERS][CONTEXTS];
    uint32_t followed[NGRAM_ORDERS][CONTEXTS][NGRAM_KINDS];
};

/* The number of the context that the `order` tokens before `at` make. */
static int context(const int32_t *at, int order) {
    int number = 0;
    for (int i = order; i > 0; --i) number = number * NGRAM_KINDS + at[-i];
    return number;
}

ngram *ngram_create(const int32_t *tokens, int64_t count) {
    ngram *m = calloc(1, sizeof *m);
    for (int order = 0; m && order < NGRAM_ORDERS; ++order)
        for (const int32_t *at = tokens + order; at < tokens + count; ++at) {
            const int c = context(at, order);
            m->kinds[order][c] += m->followed[order][c][*at]++ == 0;
            ++m->seen[order][c];
        }
    return m;
}

static double probability(const ngram *m, const int32_t *at, int order) {
    double p = 1.0 / NGRAM_KINDS;
    for (int o = 0; o <= order; ++o) {
        const int c    = context(at, o);
        const double n = m->seen[o][c], k = m->kinds[o][c];
        if (n > 0) p = (m->followed[o][c][*at] + k * p) / (n + k);
    }
    return p;
}

double ngram_bits(const ngram *model, const int32_t *tokens, int64_t count, int order) {
    double bits = 0;
    for (const int32_t *at = tokens + order; at < tokens + count; ++at) bits -= log2(probability(model, at, order));
    return bits / (double)(count - order);
}
