/* The processor's floating-point mode of this thread. */
#ifndef GLI_CORE_FLOAT_MODE_H
#define GLI_CORE_FLOAT_MODE_H

#include <stdbool.h>
#include <stdint.h>

/* Sets the mode that the CPU's providers compute in, and returns the one before: rounding to nearest, no traps, and all
 * but the references flush: numbers below the smallest normal one (1.2e-38 in f32) are 0, as arguments and as results,
 * because most processors take a hundred times as long for them. */
uint64_t gli_float_mode_enter(bool flush);
void gli_float_mode_leave(uint64_t before);

#endif
