/* Classes of characters and their lowercase, from tables that scripts/unicode_table writes. */
#include "text/unicode.h"

#include <stddef.h>

typedef struct gli_code_range {
    uint32_t first, last;
} gli_code_range;

/* The lowercase of every step-th character c from first to last is c + delta. */
typedef struct gli_case_range {
    uint32_t first, last;
    int32_t step, delta;
} gli_case_range;

#include "text/unicode_table.inc"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool contains(const gli_code_range *table, size_t count, uint32_t character) {
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (character > table[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && character >= table[low].first;
}

bool gli_is_word(uint32_t character) { return contains(words, COUNT(words), character); }
bool gli_is_separator(uint32_t character) { return contains(separators, COUNT(separators), character); }
bool gli_is_format(uint32_t character) { return contains(formats, COUNT(formats), character); }

uint32_t gli_lowercase(uint32_t character) {
    size_t low = 0, high = COUNT(smaller);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (character > smaller[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == COUNT(smaller) || character < smaller[low].first) return character;
    const gli_case_range *range = &smaller[low];
    return (character - range->first) % (uint32_t)range->step ? character : character + (uint32_t)range->delta;
}
