/* Many Philox numbers at a time. */
#ifndef GLIA_CPU_NATIVE_PHILOX_BLOCK_H
#define GLIA_CPU_NATIVE_PHILOX_BLOCK_H

#include <stdbool.h>

#include "core/philox.h"

enum { GLIA_PHILOX_BLOCKS = 64, GLIA_PHILOX_NUMBERS = 4 * GLIA_PHILOX_BLOCKS };

/* Numbers 4 first .. 4 first + 255 of this use, as glia_random_u32 gives them. */
void glia_philox_fill(glia_random use, uint32_t first, uint32_t *out);

/* The same with vectors of 512 or 256 bits, or with none (0). False: this machine has no such vectors. */
bool glia_philox_fill_as(int bits, glia_random use, uint32_t first, uint32_t *out);

#endif
