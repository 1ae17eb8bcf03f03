// Blocks that wait for each other at counters; kernels/device/cooperative.cuh says what they mean.
#ifndef GLIA_EMULATOR_SIGNALS_H
#define GLIA_EMULATOR_SIGNALS_H

void glia_signal(unsigned *counter, const char *file = __builtin_FILE(), int line = __builtin_LINE());
void glia_await(const unsigned *counter, unsigned count, const char *file = __builtin_FILE(),
                int line = __builtin_LINE());

#endif
