/* The processor's floating-point mode of this thread. */
#ifndef GLI_CORE_FLOAT_MODE_H
#define GLI_CORE_FLOAT_MODE_H

#include <stdbool.h>
#include <stdint.h>

/* Sets a mode and returns the one before. Everything runs with rounding to nearest and without traps, whatever the
 * caller's mode is (gli_enter); and the CPU's providers, all but the references, flush: numbers below the smallest
 * normal one (1.2e-38 in f32) are 0, as arguments and as results, because most processors take a hundred times as long
 * for them. */
uint64_t gli_float_mode_enter(bool flush);
void gli_float_mode_leave(uint64_t before);

#endif
