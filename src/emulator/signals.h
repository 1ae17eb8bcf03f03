// Blocks that wait for each other at counters, and blocks of which the last to arrive there goes on;
// kernels/device/cooperative.cuh and kernels/device/arrivals.cuh say what they mean.
#ifndef GLI_EMULATOR_SIGNALS_H
#define GLI_EMULATOR_SIGNALS_H

void gli_signal(unsigned *counter, const char *file = __builtin_FILE(), int line = __builtin_LINE());
void gli_await(const unsigned *counter, unsigned count, const char *file = __builtin_FILE(),
               int line = __builtin_LINE());
bool gli_arrive(unsigned *counter, unsigned blocks, const char *file = __builtin_FILE(), int line = __builtin_LINE());

#endif
