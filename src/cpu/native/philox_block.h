/* Many Philox numbers at a time. */
#ifndef GLI_CPU_NATIVE_PHILOX_BLOCK_H
#define GLI_CPU_NATIVE_PHILOX_BLOCK_H

#include <stdbool.h>

#include "core/philox.h"

enum { GLI_PHILOX_BLOCKS = 64, GLI_PHILOX_NUMBERS = 4 * GLI_PHILOX_BLOCKS };

/* Numbers 4 first .. 4 first + 255 of this use, as gli_random_u32 gives them. */
void gli_philox_fill(gli_random use, uint32_t first, uint32_t *out);

/* The same with vectors of 512 or 256 bits, or with none (0). False: this machine has no such vectors. */
bool gli_philox_fill_as(int bits, gli_random use, uint32_t first, uint32_t *out);

#endif
