#include "support/tag_score.h"

#include <stdlib.h>
#include <string.h>

void score_add(score *s, const word *w, const bool given[TAGS]) {
    for (int t = 0; t < TAGS; ++t) {
        const bool has = w->tag[t] > 0;
        s->right += has && given[t];
        s->wrong += !has && given[t];
        s->missed += has && !given[t];
    }
}

double score_f1(const score *s) { return 2.0 * s->right / (double)(2 * s->right + s->wrong + s->missed); }

/* What the words with one ending are. */
typedef struct ending {
    int64_t words, tag[TAGS];
} ending;

enum { ENDINGS = 27 * 27 * 27 };

/* The number of the last three letters. */
static int ending_of(const word *w) {
    const size_t length = strlen(w->letters);
    int number          = 0;
    for (size_t k = length < 3 ? 0 : length - 3; k < length; ++k) number = 27 * number + w->letters[k] - 'a' + 1;
    return number;
}

/* Gives the tags that most words of the same ending have, and to an ending that was not seen, as to every word for the
 * other baseline, the commonest of all: noun. */
bool score_baselines(const words *all, score *nouns, score *endings) {
    ending *table = calloc(ENDINGS, sizeof *table);
    for (int64_t i = 0; table && i < all->count; ++i) {
        ending *e = &table[ending_of(&all->word[i])];
        if (i % HELD_OUT == 0) continue;
        ++e->words;
        for (int t = 0; t < TAGS; ++t) e->tag[t] += all->word[i].tag[t] > 0;
    }
    for (int64_t i = 0; table && i < all->count; i += HELD_OUT) {
        const ending *e = &table[ending_of(&all->word[i])];
        bool given[TAGS], noun[TAGS] = {true};
        for (int t = 0; t < TAGS; ++t) given[t] = 2 * e->tag[t] > e->words;
        score_add(endings, &all->word[i], e->words > 0 ? given : noun);
        score_add(nouns, &all->word[i], noun);
    }
    free(table);
    return table != NULL;
}
