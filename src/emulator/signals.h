// Blocks that wait for each other at counters; kernels/device/cooperative.cuh says what they mean.
#ifndef GLI_EMULATOR_SIGNALS_H
#define GLI_EMULATOR_SIGNALS_H

void gli_signal(unsigned *counter, const char *file = __builtin_FILE(), int line = __builtin_LINE());
void gli_await(const unsigned *counter, unsigned count, const char *file = __builtin_FILE(),
               int line = __builtin_LINE());

#endif
