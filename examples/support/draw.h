/* Random numbers for data that programs make themselves: the same on every machine. */
#ifndef GLI_EXAMPLES_DRAW_H
#define GLI_EXAMPLES_DRAW_H

#include <stdint.h>

/* 0 to 1: the numbers of Knuth's MMIX, of which the upper bits are good. */
static inline double draw(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 40) / (1 << 24);
}

#endif
