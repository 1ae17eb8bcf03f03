#ifndef GLI_TOOLS_SELFTEST_H
#define GLI_TOOLS_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>

/* Computes a few things on the device and compares them with the reference, cpu.ref. false: why says what is wrong. */
bool selftest(const char *device, char *why, size_t size);

#endif
