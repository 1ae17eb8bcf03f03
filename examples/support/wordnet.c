#include "wordnet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 200000 }; /* the files of WordNet 3.0 have 155,000 */

static const char *const file_names[TAGS] = {"index.noun", "index.verb", "index.adj", "index.adv"};

static int by_letters(const void *a, const void *b) {
    return strcmp(((const word *)a)->letters, ((const word *)b)->letters);
}

/* Adds the words of a file, each at the start of a line. Phrases and numbers are left out. */
static void read_file(const char *folder, int tag, words *all) {
    char path[4096], line[16384];
    snprintf(path, sizeof path, "%s/%s", folder, file_names[tag]);
    FILE *file = fopen(path, "r");
    while (file && all->count < MOST_LINES && fgets(line, sizeof line, file)) {
        const size_t length = strspn(line, "abcdefghijklmnopqrstuvwxyz");
        if (length == 0 || length > LETTERS || line[length] != ' ') continue;
        word *w     = &all->word[all->count++];
        *w          = (word){""};
        w->tag[tag] = 1;
        memcpy(w->letters, line, length);
    }
    if (file) fclose(file);
}

/* Makes one of equal words, which has the tags of all. */
static void merge(words *all) {
    int64_t last = 0;
    qsort(all->word, (size_t)all->count, sizeof(word), by_letters);
    for (int64_t i = 1; i < all->count; ++i) {
        if (by_letters(&all->word[last], &all->word[i]) != 0) all->word[++last] = all->word[i];
        for (int t = 0; t < TAGS; ++t)
            if (all->word[i].tag[t] > 0) all->word[last].tag[t] = 1;
    }
    all->count = last + 1;
}

bool read_words(const char *folder, int64_t most, words *all) {
    all->word = malloc(MOST_LINES * sizeof(word));
    for (int tag = 0; all->word && tag < TAGS; ++tag) read_file(folder, tag, all);
    if (all->count == 0) return false;
    merge(all);
    const int64_t step = (all->count + most - 1) / most;
    all->count         = (all->count + step - 1) / step;
    for (int64_t i = 0; i < all->count; ++i) all->word[i] = all->word[i * step];
    return true;
}
