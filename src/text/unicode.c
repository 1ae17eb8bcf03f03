/* Classes of characters and their lowercase, from tables that scripts/unicode_table writes. */
#include "text/utf8.h"

typedef struct glia_code_range {
    uint32_t first, last;
} glia_code_range;

/* Each step-th character from first to last has its lowercase delta further. */
typedef struct glia_case_range {
    uint32_t first, last;
    int32_t step, delta;
} glia_case_range;

#include "text/unicode_table.inc"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool contains(const glia_code_range *table, size_t count, uint32_t character) {
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

bool glia_is_word(uint32_t character) { return contains(words, COUNT(words), character); }
bool glia_is_separator(uint32_t character) { return contains(separators, COUNT(separators), character); }

uint32_t glia_lowercase(uint32_t character) {
    size_t low = 0, high = COUNT(smaller);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (character > smaller[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == COUNT(smaller) || character < smaller[low].first) return character;
    const glia_case_range *range = &smaller[low];
    return (character - range->first) % (uint32_t)range->step ? character : character + (uint32_t)range->delta;
}
