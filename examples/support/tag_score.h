/* How well tags were given to words, and two baselines: every word is a noun, and a word is what most of those with the
 * same last three letters are. */
#ifndef GLI_EXAMPLES_TAG_SCORE_H
#define GLI_EXAMPLES_TAG_SCORE_H

#include "support/wordnet.h"

enum { HELD_OUT = 10 }; /* every tenth word, from the first on, is kept for the test */

/* Of all tags that were given or should have been. */
typedef struct score {
    int64_t right, wrong, missed;
} score;

void score_add(score *s, const word *w, const bool given[TAGS]);
double score_f1(const score *s);

/* Learns from the words that are not held out and judges the others. false: no memory. */
bool score_baselines(const words *all, score *nouns, score *endings);

#endif
