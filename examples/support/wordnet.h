/* Words from the index files of WordNet, with the parts of speech that each can be. */
#ifndef GLI_EXAMPLES_WORDNET_H
#define GLI_EXAMPLES_WORDNET_H

#include <stdbool.h>
#include <stdint.h>

enum { TAGS = 4, LETTERS = 16 }; /* noun, verb, adjective, adverb; the longest words */

typedef struct word {
    char letters[LETTERS + 1];
    float tag[TAGS]; /* 1: the word can be that */
} word;

typedef struct words {
    word *word;
    int64_t count;
} words;

/* Reads the words a to z of a folder in alphabetical order or, if they are more than `most`, every second, third, ...
 * of them. The caller frees all->word, whatever is returned. false: there are none. */
bool read_words(const char *folder, int64_t most, words *all);

#endif
